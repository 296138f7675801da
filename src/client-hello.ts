import { HandshakeError } from './errors';
import type { NativeClientHello, NativeClientHelloAnswer } from './native';
import { isError, toError } from './rethrow';
import { toSecureContext } from './secure-context';
import type { TLSLayer } from './tls-layer';

export type ClientHelloAnswer = NativeClientHelloAnswer;

/**
 * What a server answers to a ClientHello where it has a say: which context (SNICallback), which protocol (ALPNCallback),
 * and what else a caller has put into `onClientHello`. At once where the callbacks answer at once. A callback that fails
 * refuses the handshake; the reason is left with the layer.
 */
export function answerClientHello(
  layer: TLSLayer,
  hello: NativeClientHello,
): ClientHelloAnswer | Promise<ClientHelloAnswer> {
  const refuse = (reason: unknown): ClientHelloAnswer => {
    layer.refusal = toError(reason);
    return { refused: true };
  };
  try {
    const answer = answerByAll(layer, hello);
    if (answer instanceof Promise) return answer.catch(refuse);
    return isError(answer) ? refuse(answer) : answer;
  } catch (thrown) {
    return refuse(thrown);
  }
}

function answerByAll(
  layer: TLSLayer,
  hello: NativeClientHello,
): ClientHelloAnswer | Error | Promise<ClientHelloAnswer> {
  const { onClientHello } = layer.options;
  const own = answerByCallbacks(layer, hello);
  if (onClientHello === undefined || isError(own)) return own;
  return Promise.all([own, onClientHello(hello, layer)]).then(([first, second]) => ({
    ...first,
    ...second,
  }));
}

function answerByCallbacks(
  layer: TLSLayer,
  hello: NativeClientHello,
): ClientHelloAnswer | Error | Promise<ClientHelloAnswer> {
  const answer: ClientHelloAnswer = {};
  const { ALPNCallback, SNICallback } = layer.options;
  if (ALPNCallback !== undefined && hello.protocols.length > 0) {
    const chosen = ALPNCallback({ servername: hello.servername ?? '', protocols: hello.protocols });
    if (chosen !== undefined && !hello.protocols.includes(chosen)) {
      return protocolNotOffered(layer, chosen, hello.protocols);
    }
    answer.protocol = chosen ?? null;
  }
  if (SNICallback === undefined || hello.servername === undefined) return answer;
  return callSNI(SNICallback, hello.servername, (context) => ({ ...answer, context }));
}

/** Runs an SNICallback and gives its answer as a value when it comes before the callback returns. */
function callSNI(
  SNICallback: NonNullable<TLSLayer['options']['SNICallback']>,
  servername: string,
  finish: (context: ClientHelloAnswer['context']) => ClientHelloAnswer,
): ClientHelloAnswer | Error | Promise<ClientHelloAnswer> {
  let answer: ClientHelloAnswer | Error | undefined;
  let answered: (() => void) | undefined;
  SNICallback(servername, (error, context) => {
    if (answer !== undefined) return;
    answer = error ? toError(error) : contextAnswer(context, finish);
    answered?.();
  });
  if (answer !== undefined) return answer;
  return new Promise((resolve, reject) => {
    answered = () => {
      if (isError(answer)) reject(answer);
      else resolve(answer as ClientHelloAnswer);
    };
  });
}

function contextAnswer(
  context: unknown,
  finish: (context: ClientHelloAnswer['context']) => ClientHelloAnswer,
): ClientHelloAnswer | Error {
  if (!context) return finish(undefined);
  try {
    return finish(toSecureContext(context).native);
  } catch (failure) {
    return toError(failure);
  }
}

function protocolNotOffered(layer: TLSLayer, chosen: string, offered: readonly string[]): Error {
  return new HandshakeError(
    `ALPN callback returned a value (${chosen}) that did not match any of the client's offered protocols (${offered.join(', ')})`,
    {
      code: 'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT',
      layer: layer.index,
    },
  );
}

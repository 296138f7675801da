import { HandshakeError } from './errors';
import type { NativeClientHello, NativeClientHelloAnswer } from './native';
import { toSecureContext } from './secure-context';
import type { TLSLayer } from './tls-layer';

export type ClientHelloAnswer = NativeClientHelloAnswer;

/**
 * What a server answers to a ClientHello where it has a say: which context (SNICallback), which protocol (ALPNCallback),
 * and what else a caller has put into `onClientHello`. At once where the callbacks answer at once.
 */
export function answerClientHello(
  layer: TLSLayer,
  hello: NativeClientHello,
): ClientHelloAnswer | Error | Promise<ClientHelloAnswer> {
  const { onClientHello } = layer.options;
  const own = answerByCallbacks(layer, hello);
  if (onClientHello === undefined || own instanceof Error) return own;
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
  let atOnce: ClientHelloAnswer | Error | undefined;
  let later: { resolve(answer: ClientHelloAnswer): void; reject(error: Error): void } | undefined;
  let called = false;
  const settle = (value: ClientHelloAnswer | Error): void => {
    if (later === undefined) atOnce = value;
    else if (value instanceof Error) later.reject(value);
    else later.resolve(value);
  };
  SNICallback(servername, (error, context) => {
    if (called) return;
    called = true;
    if (error) return settle(error);
    if (!context) return settle(finish(undefined));
    try {
      settle(finish(toSecureContext(context).native));
    } catch (failure) {
      settle(failure as Error);
    }
  });
  return (
    atOnce ??
    new Promise((resolve, reject) => {
      later = { resolve, reject };
    })
  );
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

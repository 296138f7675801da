import { HandshakeError } from './errors';
import type { NativeClientHello, NativeClientHelloAnswer } from './native';
import type { HelloSources } from './option-types';
import { toError } from './rethrow';
import { type SecureContext, toSecureContext } from './secure-context';
import type { TLSLayer } from './tls-layer';

export type ClientHelloAnswer = NativeClientHelloAnswer;

/**
 * What a server answers to a ClientHello where it has a say. Asked one after the other, as OpenSSL would ask them: for a
 * session to resume, for the context (SNICallback), for an OCSP response to go with it, for the protocol (ALPNCallback).
 * At once where nobody answers later. A callback that fails refuses the handshake; the reason is left with the layer.
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
    const answer = askAll(layer, hello);
    return answer instanceof Promise ? answer.catch(refuse) : answer;
  } catch (thrown) {
    return refuse(thrown);
  }
}

function askAll(
  layer: TLSLayer,
  hello: NativeClientHello,
): ClientHelloAnswer | Promise<ClientHelloAnswer> {
  const { helloSources } = layer.options;
  if (helloSources !== undefined) return askInTurn(layer, hello, helloSources);
  const context = contextFor(layer, hello);
  if (!(context instanceof Promise)) return withProtocol(layer, hello, context);
  return context.then((chosen) => withProtocol(layer, hello, chosen));
}

async function askInTurn(
  layer: TLSLayer,
  hello: NativeClientHello,
  sources: HelloSources,
): Promise<ClientHelloAnswer> {
  const session = await sources.session(hello);
  const context = await contextFor(layer, hello);
  const ocspResponse = await sources.ocspResponse(hello, context ?? layer.options.secureContext);
  return { ...withProtocol(layer, hello, context), session, ocspResponse };
}

interface SNIAnswer {
  error: Error | null;
  context: SecureContext | null | undefined;
}

/** The context that the SNICallback chooses, in a promise only when the answer comes after the callback has returned. */
function contextFor(
  layer: TLSLayer,
  hello: NativeClientHello,
): SecureContext | undefined | Promise<SecureContext | undefined> {
  const { SNICallback } = layer.options;
  if (SNICallback === undefined || hello.servername === undefined) return undefined;
  const atOnce: SNIAnswer[] = [];
  let settle = (answer: SNIAnswer): void => void atOnce.push(answer);
  SNICallback(hello.servername, (error, context) => settle({ error, context }));
  const [answer] = atOnce;
  if (answer !== undefined) return chosenContext(answer);
  return new Promise<SNIAnswer>((resolve) => {
    settle = resolve;
  }).then(chosenContext);
}

function chosenContext({ error, context }: SNIAnswer): SecureContext | undefined {
  if (error) throw toError(error);
  return context ? toSecureContext(context) : undefined;
}

function withProtocol(
  layer: TLSLayer,
  hello: NativeClientHello,
  context: SecureContext | undefined,
): ClientHelloAnswer {
  const answer: ClientHelloAnswer = { context: context?.native };
  const { ALPNCallback } = layer.options;
  const { protocols } = hello;
  if (ALPNCallback === undefined || protocols.length === 0) return answer;
  const chosen = ALPNCallback({ servername: hello.servername ?? '', protocols });
  if (chosen !== undefined && !protocols.includes(chosen)) {
    throw new HandshakeError(
      `ALPN callback returned a value (${chosen}) that did not match any of the client's offered protocols (${protocols.join(', ')})`,
      { code: 'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT', layer: layer.index },
    );
  }
  return { ...answer, protocol: chosen ?? null };
}

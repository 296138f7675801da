/** What a server's listeners answer to a ClientHello: a session to resume, an OCSP response. */
import type { EventEmitter } from 'node:events';
import type { NativeClientHello, NativeClientHelloAnswer } from '../native';
import type { SecureContext } from '../secure-context';

type Reply = (error: Error | null, value?: Buffer | null) => void;

export function hasHelloListeners(server: EventEmitter): boolean {
  return server.listenerCount('resumeSession') > 0 || server.listenerCount('OCSPRequest') > 0;
}

/** What the listeners answer; the first answer counts. */
function ask(emit: (reply: Reply) => void): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    emit((error, value) => {
      if (error) reject(error);
      else resolve(value ?? undefined);
    });
  });
}

/** A session with a ticket or without an id is none that a store could know. */
function canBeStored(hello: NativeClientHello): boolean {
  return hello.sessionId.length > 0 && !hello.hasTicket;
}

export async function answerFromListeners(
  server: EventEmitter,
  context: SecureContext,
  hello: NativeClientHello,
): Promise<NativeClientHelloAnswer> {
  const answer: NativeClientHelloAnswer = {};
  if (canBeStored(hello) && server.listenerCount('resumeSession') > 0) {
    answer.session = await ask((reply) => server.emit('resumeSession', hello.sessionId, reply));
  }
  if (hello.requestsOCSP && server.listenerCount('OCSPRequest') > 0) {
    answer.ocspResponse = await ask((reply) =>
      server.emit('OCSPRequest', context.getCertificate(), context.getIssuer(), reply),
    );
  }
  return answer;
}

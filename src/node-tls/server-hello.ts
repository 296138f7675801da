/** What a server's listeners answer to a ClientHello: a session to resume, an OCSP response. */
import type { EventEmitter } from 'node:events';
import type { NativeClientHello } from '../native';
import type { HelloSources } from '../option-types';
import type { SecureContext } from '../secure-context';

type Reply = (error: Error | null, value?: Buffer | null) => void;

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

class ListenerSources implements HelloSources {
  readonly #server: EventEmitter;

  constructor(server: EventEmitter) {
    this.#server = server;
  }

  async session(hello: NativeClientHello): Promise<Buffer | undefined> {
    const server = this.#server;
    if (!canBeStored(hello) || server.listenerCount('resumeSession') === 0) return undefined;
    return ask((reply) => server.emit('resumeSession', hello.sessionId, reply));
  }

  async ocspResponse(
    hello: NativeClientHello,
    context: SecureContext,
  ): Promise<Buffer | undefined> {
    const server = this.#server;
    if (!hello.requestsOCSP || server.listenerCount('OCSPRequest') === 0) return undefined;
    return ask((reply) =>
      server.emit('OCSPRequest', context.getCertificate(), context.getIssuer(), reply),
    );
  }
}

/** The listeners of a server; none where it has none that are asked about a ClientHello. */
export function sourcesOf(server: EventEmitter): HelloSources | undefined {
  const asks = server.listenerCount('resumeSession') + server.listenerCount('OCSPRequest') > 0;
  return asks ? new ListenerSources(server) : undefined;
}

/**
 * The one interface behind which both contestants stand, so that the work and the clock are the same for both.
 */
import type * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Setup, StackName } from './model';

/** What is done with a connection: made before the connection is, because a receive buffer has to be there from the start. */
export interface Handler {
  /** All layers are up. */
  ready(socket: Duplex): void;
  /** Plaintext has come in; `chunk` is valid during the call only. */
  receive(chunk: Uint8Array): void;
}

/** One connection with all its layers up. */
export interface Link {
  /** The innermost end: what the application reads and writes. */
  readonly socket: Duplex;
  /** What lies under all layers. */
  readonly transport: Duplex;
  /** True when every layer was resumed. */
  readonly resumed: boolean;
}

export interface Stack {
  readonly name: StackName;
  /** A server that is not listening yet. */
  serve(setup: Setup, accept: () => Handler): net.Server;
  /** A client; what is costly and shared by connections (contexts) is made once. */
  client(setup: Setup, port: number): Client;
}

export interface Client {
  connect(handler: Handler, sessions?: readonly Buffer[]): Promise<Link>;
  /** Connects once and gives the session of each layer, outermost first. */
  sessions(): Promise<readonly Buffer[]>;
}

/** Size of the buffer that `onread` contestants receive into; that of a `net.Socket` read. */
export const RECEIVE_BUFFER_SIZE = 64 * 1024;

/** The name that the certificates are issued for. */
export const SERVER_NAME = 'localhost';

/** Loads a contestant when it is first needed: a build without the addon can still measure `node:tls`. */
export function loadStack(name: StackName): Stack {
  if (name === 'node:tls')
    return (require('./node-tls-stack') as typeof import('./node-tls-stack')).nodeTlsStack;
  return (require('./onion-stack') as typeof import('./onion-stack')).onionStack;
}

import { OnionSocket } from '../onion-socket';

// biome-ignore lint/suspicious/noExplicitAny: as in Node's types, so that listeners written for those fit
type Listener = (...values: any[]) => void;

/** Listeners as `tls.TLSSocket` takes them: the types of Duplex do not know the events of TLS. Nothing else is changed. */
export abstract class ListeningSocket extends OnionSocket {
  override addListener(event: string | symbol, listener: Listener): this {
    return super.addListener(event, listener);
  }
  override on(event: string | symbol, listener: Listener): this {
    return super.on(event, listener);
  }
  override once(event: string | symbol, listener: Listener): this {
    return super.once(event, listener);
  }
  override prependListener(event: string | symbol, listener: Listener): this {
    return super.prependListener(event, listener);
  }
  override prependOnceListener(event: string | symbol, listener: Listener): this {
    return super.prependOnceListener(event, listener);
  }
  override removeListener(event: string | symbol, listener: Listener): this {
    return super.removeListener(event, listener);
  }
}

/**
 * A context of Node's own beside each of ours that somebody asks for it. `https` and `http2` have the TLS of Node inside and
 * take no other context: as `secureContext`, or as the answer of an SNICallback.
 */
import * as nodeTls from 'node:tls';
import type { ContextMethods, SecureContext } from '../secure-context';
import type { SecureContextOptions } from './secure-context';

const twins = new WeakMap<object, SecureContext>();

/** Made of the same options; what is changed on it is changed on ours as well. */
export function nodeContextFor(ours: SecureContext, options: SecureContextOptions): ContextMethods {
  const made = nodeTls.createSecureContext(options);
  const context = made.context as ContextMethods;
  const { addCACert, setTicketKeys } = context;
  setTicketKeys.call(context, ours.getTicketKeys());
  context.addCACert = (certificate) => {
    ours.addCACert(certificate);
    addCACert.call(context, certificate);
  };
  context.setTicketKeys = (keys) => {
    ours.setTicketKeys(keys);
    setTicketKeys.call(context, keys);
  };
  twins.set(context, ours);
  return context;
}

/** Ours, where it is Node's own that was made for it. */
export function ownContext(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (twins.get(value) ?? value) : value;
}

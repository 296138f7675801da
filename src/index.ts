export { type ConnectOptions, connect } from './connect';
export { type EngineOutput, TLSEngine } from './engine';
export {
  AddonError,
  AlertError,
  CertificateError,
  HandshakeError,
  LimitError,
  ProtocolError,
  StateError,
  TLSError,
  TLSTimeoutError,
  TruncationError,
  UnknownProtocolError,
} from './errors';
export type { CloseReason } from './layer-stack';
export type { LayerState } from './layer-state';
export { OnionSocket, type StopResult } from './onion-socket';
export type { OnionSocketOptions, StartTLSOptions, StopTLSOptions } from './options';
export { createSecureContext, SecureContext } from './secure-context';
export { createServer, OnionServer, type OnionServerOptions } from './server';
export type { LayerStats, TLSLayer } from './tls-layer';

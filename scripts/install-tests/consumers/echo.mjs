// The same as echo.cjs through ESM, which also checks the names that ESM sees.
import * as onion from 'onion-tls';
import { OnionSocket, TLSEngine, TLSError } from 'onion-tls';

for (const each of [OnionSocket, TLSEngine, TLSError]) {
  if (typeof each !== 'function') throw new Error('a name is missing');
}
if (new Set([onion.OnionSocket, OnionSocket]).size !== 1) throw new Error('two copies');
await import('./echo.cjs');

// What TypeScript sees of the package, compiled with the strictest settings and no skipLibCheck.
import { createRequire } from 'node:module';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { OnionSocket, type StartTLSOptions, TLSEngine, TLSError } from 'onion-tls';

const options: StartTLSOptions = { servername: 'localhost', allowPeerStop: true };
const server = createPlainServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`typed: ${typeof OnionSocket} ${typeof TLSEngine} ${options.servername} ${port > 0}`);
  server.close();
});

export function codeOf(error: unknown): string | undefined {
  return error instanceof TLSError ? error.code : undefined;
}

createRequire(import.meta.url)('./echo.cjs');

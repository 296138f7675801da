/** Contexts of the drop-in in what has the TLS of Node inside: `https`, both ways. */
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import * as tls from '../../src/node-tls';
import { ca, cert, key, listen } from './support/site';

function answering(options: https.ServerOptions): Promise<number> {
  return listen(
    https.createServer(options, (request, response) => {
      response.end(String(request.socket instanceof tls.TLSSocket));
    }),
  );
}

function get(port: number, secureContext: tls.SecureContext): Promise<[boolean, string]> {
  const options = { port, host: '127.0.0.1', servername: 'localhost', agent: false, secureContext };
  return new Promise((resolve, reject) => {
    const request = https.get(options as https.RequestOptions, (response: IncomingMessage) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve([(response.socket as TLSSocket).authorized, text]));
    });
    request.on('error', reject);
  });
}

test('https uses them on a client and as the answer of an SNICallback', async () => {
  const port = await answering({
    SNICallback: (_name, done) => done(null, tls.createSecureContext({ key, cert }) as never),
  });
  expect(await get(port, tls.createSecureContext({ ca }))).toEqual([true, 'true']);
});

test('a CA that is added to `context` counts in both', async () => {
  const port = await answering({ key, cert });
  const secureContext = tls.createSecureContext();
  await expect(get(port, secureContext)).rejects.toMatchObject({
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
  secureContext.context.addCACert(ca);
  expect(await get(port, secureContext)).toEqual([true, 'true']);
});

test('both have the same ticket keys', () => {
  const secureContext = tls.createSecureContext({ key, cert });
  expect(secureContext.context.getTicketKeys()).toEqual(secureContext.getTicketKeys());
  secureContext.context.setTicketKeys(Buffer.alloc(48, 3));
  expect(secureContext.getTicketKeys()).toEqual(Buffer.alloc(48, 3));
});

/** TLS in TLS as curl does it: an HTTPS site behind an HTTPS proxy, both played by one connection of ours. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createSecureContext, OnionSocket, type StartTLSOptions } from '../../src';
import { quiet, track, trackServer } from '../support/pairs';
import { describeWith, Program, writeFiles } from '../support/programs';
import { pattern } from '../support/random';
import { ca, cert, key } from './support/site';

const BODY = pattern(1_000_000).toString('base64');
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const CASES = VERSIONS.flatMap((outer) => VERSIONS.map((inner) => [inner, outer] as const));

function layer(version: 'TLSv1.2' | 'TLSv1.3'): StartTLSOptions {
  const versions = { minVersion: version, maxVersion: version };
  return { isServer: true, secureContext: createSecureContext({ key, cert, ...versions }) };
}

/** Reads the head of a request, and not a byte more. */
async function readHead(socket: OnionSocket): Promise<string> {
  for (let head = ''; ; ) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await once(socket, 'readable');
    else head += byte.toString('latin1');
    if (head.endsWith('\r\n\r\n')) return head;
  }
}

describeWith('curl', 'curl through an HTTPS proxy', () => {
  test.each(CASES)('asks a site with %s in %s', async (inner, outer) => {
    const heads: string[] = [];
    const site = http.createServer((request, response) => {
      heads.push(`${request.method} ${request.url}`);
      response.end(BODY);
    });
    const serve = async (transport: net.Socket): Promise<void> => {
      const socket = quiet(track(new OnionSocket(transport)));
      await socket.startTLS(layer(outer));
      heads.push((await readHead(socket)).split(' HTTP')[0] as string);
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      await socket.startTLS(layer(inner));
      site.emit('connection', socket);
    };
    const proxy = trackServer(net.createServer((transport) => void serve(transport)));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as net.AddressInfo;
    const files = writeFiles({ ca });
    const curl = new Program('curl', [
      ...['--silent', '--show-error', '--proxy', `https://localhost:${port}`],
      ...['--proxy-cacert', files.ca, '--cacert', files.ca],
      ...['https://localhost:443/one', 'https://localhost:443/two'],
    ]);
    expect(await curl.exit()).toBe(0);
    expect(curl.output).toBe(BODY + BODY);
    expect(heads).toEqual(['CONNECT localhost:443', 'GET /one', 'GET /two']);
  });
});

/** HTTP over the drop-in: Node's own agents, undici, curl, HTTP/2. */
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import { Client, request as undiciRequest } from 'undici';
import type { TLSSocket } from '../../src/node-tls';
import { describeWith, Program, writeFiles } from '../support/programs';
import { ca, dial, echoServer, secureServer } from './support/site';

const BODY = Buffer.alloc(1 << 20, 'onion ');

interface Answer {
  readonly connection: string | string[] | undefined;
  readonly body: Buffer;
}

function post(port: number, agent: https.Agent, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request({ port, agent, method: 'POST', path: '/echo' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ connection: response.headers['x-connection'], body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

class DropInAgent extends https.Agent {
  readonly #port: number;

  constructor(port: number, options: https.AgentOptions) {
    super(options);
    this.#port = port;
  }

  override createConnection(): TLSSocket & ReturnType<https.Agent['createConnection']> {
    // Not a net.Socket, but all of one that the agent uses.
    return dial(this.#port) as TLSSocket & ReturnType<https.Agent['createConnection']>;
  }
}

describe('https.Agent with createConnection', () => {
  test('moves a megabyte each way', async () => {
    const port = await secureServer(echoServer());
    const agent = new DropInAgent(port, {});
    const { body } = await post(port, agent, BODY);
    expect(body.equals(BODY)).toBe(true);
    agent.destroy();
  });

  test('keeps a connection alive and uses it again', async () => {
    const port = await secureServer(echoServer());
    const agent = new DropInAgent(port, { keepAlive: true, maxSockets: 1 });
    const first = await post(port, agent, Buffer.from('one'));
    const second = await post(port, agent, Buffer.from('two'));
    expect([first.connection, second.connection]).toEqual(['1', '1']);
    expect(second.body.toString()).toBe('two');
    agent.destroy();
  });
});

describe('undici with a connect function', () => {
  test('sends requests over the drop-in', async () => {
    const port = await secureServer(echoServer());
    const client = new Client(`https://localhost:${port}`, {
      connect: (_options, done) => {
        const socket = dial(port);
        socket.once('secureConnect', () => done(null, socket as never));
        socket.once('error', (error) => done(error, null));
      },
    });
    const { body } = await undiciRequest(`https://localhost:${port}/`, {
      dispatcher: client,
      method: 'POST',
      body: BODY,
    });
    expect(Buffer.from(await body.arrayBuffer()).equals(BODY)).toBe(true);
    await client.close();
  });
});

describe('http2', () => {
  test('runs with client and server on sockets of the drop-in', async () => {
    const server = http2.createServer((request, response) => {
      response.setHeader('x-protocol', request.httpVersion);
      request.pipe(response);
    });
    const port = await secureServer(server, { ALPNProtocols: ['h2'] });
    const session = http2.connect(`https://localhost:${port}`, {
      createConnection: () => dial(port, { ALPNProtocols: ['h2'] }),
    });
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    const headers = once(stream, 'response');
    stream.end(BODY);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect((await headers)[0]).toMatchObject({ ':status': 200, 'x-protocol': '2.0' });
    expect(Buffer.concat(chunks).equals(BODY)).toBe(true);
    await new Promise<void>((resolve) => session.close(() => resolve()));
  });
});

describeWith('curl', 'curl against the drop-in', () => {
  test('posts and gets twice over one connection', async () => {
    const port = await secureServer(echoServer());
    const files = writeFiles({ 'ca.pem': ca, body: BODY.toString() });
    const url = `https://localhost:${port}`;
    const once = ['--cacert', files['ca.pem'], '--fail', '--silent', '--dump-header', '-'];
    const resolve = ['--resolve', `localhost:${port}:127.0.0.1`];
    const first = [...once, ...resolve, '--data-binary', `@${files.body}`, `${url}/one`];
    const second = [...once, ...resolve, '--data-binary', 'bye', `${url}/two`];
    const curl = new Program('curl', [...first, '--next', ...second]);
    expect(await curl.exit()).toBe(0);
    expect(curl.output).toContain(BODY.toString());
    expect(curl.output.match(/x-connection: 1/g)).toHaveLength(2);
    expect(curl.output).toContain('x-path: /two');
  });
});

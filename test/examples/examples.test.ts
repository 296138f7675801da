import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const example = (name: string) => join(root, 'examples', name);

let folder: string;
const children = new Set<ChildProcess>();

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  return child;
}

/** Everything that a program prints, with its exit status. */
async function run(...args: string[]): Promise<{ status: number; output: string }> {
  const child = start(...args);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [status] = (await once(child, 'close')) as [number];
  return { status, output };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onion-tls-examples-'));
  const made = await run(join(root, 'dist', 'cli', 'main.js'), 'certs', folder);
  expect(made).toMatchObject({ status: 0 });
});

afterEach(() => {
  for (const child of children) child.kill();
  children.clear();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('starttls-server.mjs', () => {
  async function listen(): Promise<string> {
    const server = start(example('starttls-server.mjs'), folder, '0');
    server.stdout?.setEncoding('utf8');
    const [line] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [string];
    return line.trim().replace('listening ', '');
  }

  test('talks TLS with starttls-client.mjs after STARTTLS', async () => {
    const port = await listen();

    const { status, output } = await run(example('starttls-client.mjs'), folder, port);

    expect(output.split('\n')).toEqual([
      '220 ready',
      '220 go ahead',
      'layer 1: TLSv1.3, authorized: true',
      '221 bye at depth 1',
      '',
    ]);
    expect(status).toBe(0);
  });

  test('closes the connection when a command is glued behind STARTTLS', async () => {
    const socket = connect(Number(await listen()), 'localhost');
    socket.setEncoding('latin1').end('STARTTLS\r\nQUIT\r\n');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    await once(socket, 'close');

    expect(received).not.toContain('221');
  });

  test('talks to a client that stays in plaintext', async () => {
    const socket = connect(Number(await listen()), 'localhost');
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    socket.write('NOOP\r\nQUIT\r\n');
    await once(socket, 'close');

    expect(received).toBe('220 ready\r\n500 unknown command\r\n221 bye at depth 0\r\n');
  });
});

describe('examples', () => {
  test('five-layers.mjs', async () => {
    const { status, output } = await run(example('five-layers.mjs'), folder);

    const layers = [1, 2, 3, 4, 5].map((n) => `layer ${n}: TLSv1.${n % 2 === 1 ? 3 : 2} [\\w-]+\n`);
    expect(output).toMatch(
      new RegExp(`^${layers.join('')}echo: hello from the middle of the onion\n$`),
    );
    expect(status).toBe(0);
  });

  test('stop-and-go-on.mjs', async () => {
    const { status, output } = await run(example('stop-and-go-on.mjs'), folder);

    expect(output.split('\n').filter((line) => line.startsWith('server'))).toEqual([
      'server: "the password" at depth 1',
      'server: layer 1 closed (clean)',
      'server: "the weather" at depth 0',
    ]);
    expect(output.split('\n').filter((line) => line.startsWith('client'))).toEqual([
      'client: got it at depth 1',
      'client: stopped (clean), depth 0',
      'client: got it at depth 0',
    ]);
    expect(status).toBe(0);
  });

  test('sans-io.mjs', async () => {
    const { status, output } = await run(example('sans-io.mjs'), folder);

    expect(output).toMatch(/^client established, server established after [45] flights\n/);
    expect(output).toContain('server reads: attack at dawn\n');
    expect(output).toContain('peer closed: true, trailing bytes: plain again\n');
    expect(status).toBe(0);
  });

  test('the one in the README is starttls-client.mjs', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, code] = readFileSync(example('starttls-client.mjs'), 'utf8').split(/^\/\/.*\n/);

    expect(readme).toContain(`\`\`\`js\n${code}\`\`\`\n`);
  });
});

import net from 'node:net';
import { join } from 'node:path';
import { OnionSocket, type StartTLSOptions } from '../../src';
import { Inbox } from '../support/events';
import { clientOptions, identityOf, levelsTo, serverOptions } from '../support/identities';
import { track, trackServer } from '../support/pairs';
import { describeWith, Program, python, writeFiles } from '../support/programs';

type Answer = { version?: string; text?: string; error?: string };

/** The script `peer.py` at the other end of a TCP connection. */
class PythonPeer {
  readonly #program: Program;
  #answers = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(port: number) {
    this.#program = new Program(python, [join(__dirname, 'peer.py'), String(port)]);
  }

  /** Commands are carried out one after the other. */
  send(command: object): Promise<Answer> {
    const answer = this.#queue.then(() => this.#carryOut(command));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  async #carryOut(command: object): Promise<Answer> {
    this.#program.write(`${JSON.stringify(command)}\n`);
    const index = this.#answers++;
    await this.#program.until(new RegExp(`^(.*\\n){${index + 1}}`));
    const answer = JSON.parse(this.#program.output.split('\n')[index] as string) as Answer;
    if (answer.error !== undefined) throw new Error(`Python: ${answer.error}`);
    return answer;
  }

  async say(text: string, listener: Inbox): Promise<void> {
    await this.send({ do: 'write', text });
    expect(await listener.text(text.length)).toBe(text);
  }

  async hear(text: string, speaker: OnionSocket): Promise<void> {
    speaker.write(text);
    expect((await this.send({ do: 'read', length: text.length })).text).toBe(text);
  }

  start(level: number, server: boolean, max?: string): Promise<Answer> {
    const identity = identityOf(level);
    const { ca, cert } = writeFiles({
      ca: identity.authority.cert,
      cert: identity.server.key + identity.server.cert,
    });
    return this.send({ do: 'start', server, ca, cert, name: identity.servername, max });
  }
}

async function connectPython(): Promise<{ socket: OnionSocket; peer: PythonPeer }> {
  const server = trackServer(net.createServer());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const peer = new PythonPeer((server.address() as net.AddressInfo).port);
  const transport = await new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  return { socket: track(new OnionSocket(transport)), peer };
}

const options = (level: number, isServer: boolean, max?: 'TLSv1.2'): StartTLSOptions => {
  const extra = max === undefined ? {} : { maxVersion: max };
  return isServer ? serverOptions(level, extra) : clientOptions(level, extra);
};

describeWith(python, "Python's ssl.MemoryBIO", () => {
  test.each([
    ['client', false, undefined],
    ['server', true, undefined],
    ['client of TLS 1.2', false, 'TLSv1.2'],
    ['server of TLS 1.2', true, 'TLSv1.2'],
  ] as const)('as %s goes three layers up and down again', async (_, pythonIsServer, max) => {
    const { socket, peer } = await connectPython();
    const inbox = new Inbox(socket);
    for (const level of levelsTo(3)) {
      const started = socket.startTLS(options(level, !pythonIsServer, max));
      const { version } = await peer.start(level, pythonIsServer, max);
      await started;
      expect(version).toBe(max ?? 'TLSv1.3');
      await peer.say(`up at ${level}`, inbox);
      await peer.hear(`heard at ${level}`, socket);
    }
    for (const level of levelsTo(3).reverse()) {
      const [{ reason }] = await Promise.all([socket.stopTLS(), peer.send({ do: 'stop' })]);
      expect(reason).toBe('clean');
      await peer.say(`down at ${level}`, inbox);
      await peer.hear(`heard at ${level}`, socket);
    }
    expect(socket.depth).toBe(0);
  });

  test('gets the bytes behind close_notify in the layer below', async () => {
    const { socket, peer } = await connectPython();
    for (const level of levelsTo(2)) {
      await Promise.all([socket.startTLS(options(level, true)), peer.start(level, false)]);
    }
    const stopped = socket.stopTLS();
    socket.write('behind close_notify');
    await peer.send({ do: 'stop' });
    expect((await peer.send({ do: 'read', length: 19 })).text).toBe('behind close_notify');
    expect((await stopped).reason).toBe('clean');
  });

  test('can stop a layer that allows it', async () => {
    const { socket, peer } = await connectPython();
    const inbox = new Inbox(socket);
    const layer = options(1, true);
    await Promise.all([socket.startTLS({ ...layer, allowPeerStop: true }), peer.start(1, false)]);
    await peer.send({ do: 'stop' });
    await peer.say('in the clear', inbox);
    expect(socket.depth).toBe(0);
  });
});

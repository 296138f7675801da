/**
 * A peer that another TLS implementation is made into by a script: it connects to us, and goes into layers and out of them
 * again as it is told on its standard input, a line of JSON for each command.
 *
 *   {"do": "start", "server": bool, "cert": file, "ca": file, "name": host, "max": "TLSv1.2" or absent}
 *   {"do": "stop"}      closes the innermost layer and reads it to its end; what follows belongs to the layer below
 *   {"do": "write", "text": str}
 *   {"do": "read", "length": int}
 *   {"do": "end"}       closes all layers, the innermost first, and the transport; like "rest" only for `testEnds`
 *   {"do": "rest"}      reads the innermost layer to its end, which has to be a clean one
 *
 * The peer answers each with a line of JSON; {"error": …} where it failed.
 */
import net from 'node:net';
import { OnionSocket, type StartTLSOptions } from '../../src';
import { Inbox, watch } from './events';
import { clientOptions, identityOf, levelsTo, serverOptions } from './identities';
import { track, trackServer } from './pairs';
import { type Program, writeFiles } from './programs';

export interface Answer {
  version?: string;
  text?: string;
  error?: string;
}

export type Launch = (port: number) => Program;

export class ScriptedPeer {
  readonly #program: Program;
  #answers = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(program: Program) {
    this.#program = program;
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
    if (answer.error !== undefined) throw new Error(`The peer: ${answer.error}`);
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

export interface Connected {
  socket: OnionSocket;
  peer: ScriptedPeer;
}

export async function connectPeer(launch: Launch): Promise<Connected> {
  const server = trackServer(net.createServer());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connected = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const peer = new ScriptedPeer(launch((server.address() as net.AddressInfo).port));
  return { socket: track(new OnionSocket(await connected)), peer };
}

/** The options of our side of a layer. */
export function ourOptions(level: number, isServer: boolean, max?: 'TLSv1.2'): StartTLSOptions {
  const extra = max === undefined ? {} : { maxVersion: max };
  return isServer ? serverOptions(level, extra) : clientOptions(level, extra);
}

const ROLES = [
  ['client', false, undefined],
  ['server', true, undefined],
  ['client of TLS 1.2', false, 'TLSv1.2'],
  ['server of TLS 1.2', true, 'TLSv1.2'],
] as const;

/** What every such peer has to be able to do with us. */
export function testUpAndDown(launch: Launch, depth: number): void {
  test.each(ROLES)(`as %s goes ${depth} layers up and down again`, async (_, isServer, max) => {
    const { socket, peer } = await connectPeer(launch);
    const inbox = new Inbox(socket);
    for (const level of levelsTo(depth)) {
      const started = socket.startTLS(ourOptions(level, !isServer, max));
      const { version } = await peer.start(level, isServer, max);
      await started;
      expect(version).toBe(max ?? 'TLSv1.3');
      await peer.say(`up at ${level}`, inbox);
      await peer.hear(`heard at ${level}`, socket);
    }
    for (const level of levelsTo(depth).reverse()) {
      const [{ reason }] = await Promise.all([socket.stopTLS(), peer.send({ do: 'stop' })]);
      expect(reason).toBe('clean');
      await peer.say(`down at ${level}`, inbox);
      await peer.hear(`heard at ${level}`, socket);
    }
    expect(socket.depth).toBe(0);
  });

  test('gets the bytes behind close_notify in the layer below', async () => {
    const { socket, peer } = await connectPeer(launch);
    for (const level of levelsTo(2)) {
      await Promise.all([socket.startTLS(ourOptions(level, true)), peer.start(level, false)]);
    }
    const stopped = socket.stopTLS();
    socket.write('behind close_notify');
    await peer.send({ do: 'stop' });
    expect((await peer.send({ do: 'read', length: 19 })).text).toBe('behind close_notify');
    expect((await stopped).reason).toBe('clean');
  });

  test('can stop a layer that allows it', async () => {
    const { socket, peer } = await connectPeer(launch);
    const inbox = new Inbox(socket);
    const layer = ourOptions(1, true);
    await Promise.all([socket.startTLS({ ...layer, allowPeerStop: true }), peer.start(1, false)]);
    await peer.send({ do: 'stop' });
    await peer.say('in the clear', inbox);
    expect(socket.depth).toBe(0);
  });
}

/** How connections of three layers end, and fail. */
export function testEnds(launch: Launch): void {
  async function threeDeep(isServer: boolean, max?: 'TLSv1.2'): Promise<Connected> {
    const connected = await connectPeer(launch);
    for (const level of levelsTo(3)) {
      const started = connected.socket.startTLS(ourOptions(level, !isServer, max));
      await connected.peer.start(level, isServer, max);
      await started;
    }
    return connected;
  }

  test.each(ROLES)('as %s finds a clean end where we end', async (_, isServer, max) => {
    const { socket, peer } = await threeDeep(isServer, max);
    const ending = watch(socket);
    socket.resume();
    socket.end('the last');
    expect((await peer.send({ do: 'rest' })).text).toBe('the last');
    await peer.send({ do: 'end' });
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });

  test.each(ROLES)('as %s ends cleanly', async (_, isServer, max) => {
    const { socket, peer } = await threeDeep(isServer, max);
    const [ending, inbox] = [watch(socket), new Inbox(socket)];
    await peer.send({ do: 'write', text: 'the last' });
    // It may not wait for our answers, and then can't send its own close_notify of every layer.
    peer.send({ do: 'end' }).catch(() => {});
    expect((await inbox.rest()).toString()).toBe('the last');
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });

  test('has our keys changed in every layer', async () => {
    const { socket, peer } = await threeDeep(true);
    const inbox = new Inbox(socket);
    for (const layer of socket.layers) {
      layer.keyUpdate(true);
      await peer.hear('with other keys', socket);
      await peer.say('with others here too', inbox);
    }
  });

  test('is told why a client refuses its certificate', async () => {
    const { socket, peer } = await connectPeer(launch);
    const ending = watch(socket);
    const wrong = { ...ourOptions(1, false, 'TLSv1.2'), ca: identityOf(2).authority.cert };
    socket.startTLS(wrong).catch(() => {});
    const { message } = await peer.start(1, true, 'TLSv1.2').then(
      () => new Error('was accepted'),
      (error: Error) => error,
    );
    expect(message).toMatch(/unknown.(ca|certificate authority)/i);
    await peer.send({ do: 'end' }).catch(() => {});
    await ending.closed;
    expect(ending.errors).toMatchObject([{ name: 'CertificateError', alert: { code: 48 } }]);
  });
}

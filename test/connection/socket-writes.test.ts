/** Writes to a plain socket go past its Writable where nobody can see a difference. */
import { mkdtempSync, readSync, rmSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnionSocket } from '../../src';
import { Inbox, next } from '../support/events';
import {
  goTo,
  over,
  type Pair,
  quiet,
  stopBoth,
  tcpPair,
  tcpTransports,
  track,
  transportsAt,
} from '../support/pairs';
import { Pipe } from '../support/pipe';
import { pattern } from '../support/random';

function socketOf(side: OnionSocket): net.Socket {
  return side.transport as net.Socket;
}

/** Messages back and forth, each an answer to the one before. */
async function exchange(pair: Pair, count: number): Promise<void> {
  const [atClient, atServer] = [new Inbox(pair.client), new Inbox(pair.server)];
  for (let round = 0; round < count; round++) {
    pair.client.write(`ask ${round % 10}`);
    expect(await atServer.text(5)).toBe(`ask ${round % 10}`);
    pair.server.write(`say ${round % 10}`);
    expect(await atClient.text(5)).toBe(`say ${round % 10}`);
  }
}

/** All that the kernel has for a socket, without letting the event loop run. On Windows a socket has no descriptor. */
function* readAtOnce(socket: net.Socket): Generator<Buffer> {
  const { fd } = (socket as unknown as { _handle: { fd?: number } })._handle;
  if (fd === undefined) return;
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    try {
      yield Buffer.from(buffer.subarray(0, readSync(fd, buffer)));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN') return;
      throw thrown;
    }
  }
}

describe('bytesWritten of the transport', () => {
  test('has what went past its Writable', async () => {
    const pair = await goTo(await tcpPair(), 2);
    await exchange(pair, 20);
    const [client, server] = [socketOf(pair.client), socketOf(pair.server)];
    expect(client.bytesWritten).toBe(server.bytesRead);
    expect(server.bytesWritten).toBe(client.bytesRead);
    expect(client.bytesWritten).toBe(pair.client.layers[0]?.stats.wireBytesWritten);
  });

  test('has what the kernel took only in part', async () => {
    const pair = await goTo(await tcpPair(), 1);
    const [client, server] = [socketOf(pair.client), socketOf(pair.server)];
    const sent = pattern(20_000_000);
    const inbox = new Inbox(pair.server);
    pair.server.pause();
    pair.client.write(sent);
    while (client.writableLength === 0) await new Promise(setImmediate);
    pair.server.resume();
    expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
    expect(client.bytesWritten).toBe(server.bytesRead);
  });

  test('is still right once the transport is closed', async () => {
    const pair = await goTo(await tcpPair(), 2);
    await exchange(pair, 5);
    const closed = [over(pair.client), over(pair.server)];
    pair.client.end();
    pair.server.end();
    await Promise.all(closed);
    const [client, server] = [socketOf(pair.client), socketOf(pair.server)];
    expect(client.bytesWritten).toBe(server.bytesRead);
    expect(server.bytesWritten).toBe(client.bytesRead);
  });

  test('goes on where the transport was given back', async () => {
    const pair = await goTo(await tcpPair(), 1);
    await exchange(pair, 5);
    await stopBoth(pair);
    const [client, server] = [pair.client.detach(), pair.server.detach()] as net.Socket[];
    const before = client?.bytesWritten as number;
    const got = next<[Buffer]>(server as net.Socket, 'data');
    client?.write('plain');
    expect(String((await got)[0])).toBe('plain');
    expect(client?.bytesWritten).toBe(before + 5);
    expect(server?.bytesRead).toBe(before + 5);
  });
});

describe('what the socket would notice', () => {
  test('its timeout is put off by each write', async () => {
    const pair = await goTo(await tcpPair(), 1);
    const socket = socketOf(pair.client) as net.Socket & { _unrefTimer(): void };
    socket.setTimeout(60_000);
    const putOff = jest.spyOn(socket, '_unrefTimer');
    const before = putOff.mock.calls.length;
    pair.client.write('one');
    await new Inbox(pair.server).text(3);
    expect(putOff.mock.calls.length).toBeGreaterThan(before);
  });

  test('what is written while it is corked waits in it', async () => {
    const pair = await goTo(await tcpPair(), 1);
    await exchange(pair, 1);
    const socket = socketOf(pair.client);
    const inbox = new Inbox(pair.server);
    socket.cork();
    pair.server.write('go');
    await new Inbox(pair.client).text(2);
    pair.client.write('first, ');
    pair.client.write('second');
    await new Promise(setImmediate);
    expect(socket.writableLength).toBeGreaterThan(0);
    socket.uncork();
    expect(await inbox.text(13)).toBe('first, second');
    expect(socket.bytesWritten).toBe(socketOf(pair.server).bytesRead);
  });

  test('what it still has in its queue comes first', async () => {
    const [transport, wire] = await tcpTransports();
    const pipe = new Pipe();
    wire.on('data', (chunk) => pipe.a.write(chunk));
    pipe.a.on('data', (chunk) => wire.write(chunk));
    const client = quiet(track(new OnionSocket(transport)));
    const pair = await goTo({ client, server: quiet(track(new OnionSocket(pipe.b))) }, 1);
    const inbox = new Inbox(pair.server);
    let count = 0;
    const write = (): boolean => client.write(pattern(5000, count++));
    wire.pause();
    while (transport.writableLength === 0) {
      write();
      await new Promise(setImmediate);
    }
    // The kernel has room now, and the socket has not been told.
    while (wire.read() !== null);
    for (const chunk of readAtOnce(wire)) pipe.a.write(chunk);
    write();
    await new Promise(process.nextTick);
    wire.resume();
    for (let seen = 0; seen < count; seen++) {
      expect((await inbox.bytes(5000)).equals(pattern(5000, seen))).toBe(true);
    }
  });

  test.each(['write', '_write'] as const)(
    'a %s() of somebody else gets all bytes',
    async (name) => {
      const pair = await goTo(await tcpPair(), 1);
      await exchange(pair, 1);
      const socket = socketOf(pair.client);
      const before = socketOf(pair.server).bytesRead;
      let seen = 0;
      const original = socket[name] as (...values: unknown[]) => unknown;
      Object.assign(socket, {
        [name](...values: unknown[]) {
          seen += (values[0] as Uint8Array).length;
          return original.apply(socket, values);
        },
      });
      await exchange(pair, 5);
      expect(seen).toBe(socketOf(pair.server).bytesRead - before);
    },
  );

  test('a connection that was reset is told as by the socket', async () => {
    const pair = await goTo(await tcpPair(), 1);
    await exchange(pair, 1);
    const failed = next<[Error & { code?: string }]>(pair.client, 'error');
    socketOf(pair.server).resetAndDestroy();
    await over(pair.server);
    pair.client.write('too late');
    expect(['ECONNRESET', 'EPIPE']).toContain((await failed)[0].code);
  });
});

test('a socket of the file system does the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${folder}` : join(folder, 'socket');
  try {
    const [near, far] = await transportsAt({ path });
    const client = quiet(track(new OnionSocket(near)));
    const server = quiet(track(new OnionSocket(far)));
    await exchange(await goTo({ client, server }, 2), 10);
    expect(socketOf(client).bytesWritten).toBe(socketOf(server).bytesRead);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

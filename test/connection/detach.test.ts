import type net from 'node:net';
import { OnionSocket } from '../../src';
import { Inbox, turns } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import {
  goTo,
  type Pair,
  pipePair,
  stopBoth,
  tcpPair,
  tcpTransports,
  track,
} from '../support/pairs';

describe('detach', () => {
  test.each([
    ['memory', async (): Promise<Pair> => pipePair()],
    ['TCP', (): Promise<Pair> => tcpPair()],
  ])('gives the transport back after the last layer (%s)', async (_, make) => {
    const pair = await goTo(await make(), 2);
    await stopBoth(pair);
    await stopBoth(pair);
    const { transport } = pair.client;
    const inbox = new Inbox(pair.server);
    expect(pair.client.detach()).toBe(transport);
    transport.write('by hand');
    expect(await inbox.text(7)).toBe('by hand');
    const back = new Inbox(transport);
    pair.server.write('answer');
    expect(await back.text(6)).toBe('answer');
  });

  test('puts bytes that were not read back onto the transport', async () => {
    const pair = pipePair({ shape: 'glued' });
    pair.server.write('first second');
    await new Promise((resolve) => pair.client.once('readable', resolve));
    expect(String(pair.client.read(6))).toBe('first ');
    const transport = pair.client.detach();
    expect(await new Inbox(transport).text(6)).toBe('second');
  });

  test('leaves open what it has taken over, and gives it back as it came', async () => {
    const [transport] = await tcpTransports();
    expect(transport.allowHalfOpen).toBe(false);
    const onion = track(new OnionSocket(transport));
    expect([onion.allowHalfOpen, transport.allowHalfOpen]).toEqual([false, true]);
    expect(onion.detach().allowHalfOpen).toBe(false);
  });

  test('is refused while there is a layer', async () => {
    const pair = await goTo(pipePair(), 1);
    expect(() => pair.client.detach()).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'ERR_ONION_STATE' }),
    );
    expect(pair.client.destroyed).toBe(false);
  });

  test('gives back what came with the end of the stream, and the end', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    pair.server.stopTLS();
    pair.server.end('last words');
    await pair.client.stopTLS();
    const rest = await new Inbox(pair.client.detach()).rest();
    expect(rest.toString()).toBe('last words');
  });

  test('is refused once the transport has said that it has ended', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    pair.server.stopTLS();
    pair.server.end();
    await pair.client.stopTLS();
    expect(pair.pipe.a.readableEnded).toBe(true);
    expect(() => pair.client.detach()).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'ERR_ONION_STATE' }),
    );
    expect(await new Inbox(pair.client).rest()).toHaveLength(0);
  });

  test('is refused where unread bytes have become text', async () => {
    const pair = pipePair();
    pair.client.setEncoding('utf8');
    pair.server.write(Buffer.of(0xff, 0x00));
    await turns();
    expect(() => pair.client.detach()).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'ERR_ONION_UNREAD' }),
    );
    pair.client.read();
    expect(pair.client.detach()).toBe(pair.pipe.a);
  });

  test('is needed before another OnionSocket can have the transport', () => {
    const { client } = pipePair();
    const { transport } = client;
    expect(() => new OnionSocket(transport)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    );
    expect(client.destroyed).toBe(false);
    track(new OnionSocket(client.detach()));
  });

  test('leaves the transport to another OnionSocket', async () => {
    const pair = await goTo(pipePair(), 1);
    await stopBoth(pair);
    const again = {
      client: track(new OnionSocket(pair.client.detach())),
      server: track(new OnionSocket(pair.server.detach())),
    };
    await Promise.all([
      again.client.startTLS(clientOptions(1)),
      again.server.startTLS(serverOptions(1)),
    ]);
    const inbox = new Inbox(again.server);
    again.client.write('again');
    expect(await inbox.text(5)).toBe('again');
  });
});

describe('the surface of net.Socket', () => {
  test('is answered by the transport', async () => {
    const pair = await goTo(await tcpPair(), 2);
    const transport = pair.client.transport as net.Socket;
    expect(pair.client.remotePort).toBe(transport.remotePort);
    expect(pair.client.remoteAddress).toBe('127.0.0.1');
    expect(pair.client.remoteFamily).toBe('IPv4');
    expect(pair.client.localPort).toBe(transport.localPort);
    expect(pair.client.address()).toEqual(transport.address());
    expect(pair.client.setNoDelay(true)).toBe(pair.client);
    expect(pair.client.setKeepAlive(true)).toBe(pair.client);
    expect(pair.client.unref()).toBe(pair.client);
    expect(pair.client.ref()).toBe(pair.client);
  });

  test('says when nothing has moved for a while', async () => {
    const pair = await goTo(await tcpPair(), 1);
    await new Promise<void>((resolve) => pair.client.setTimeout(10, () => resolve()));
    expect(pair.client.destroyed).toBe(false);
  });

  test('reads into a buffer of the application with onread', async () => {
    const buffer = Buffer.alloc(1000);
    const seen: Buffer[] = [];
    const onread = {
      buffer,
      callback: (length: number, into: Uint8Array): boolean => {
        expect(into).toBe(buffer);
        seen.push(Buffer.from(into.subarray(0, length)));
        return true;
      },
    };
    const pair = await goTo(pipePair({ serverSocket: { onread } }), 2);
    let dataEvents = 0;
    pair.server.on('data', () => dataEvents++);
    pair.client.write(Buffer.alloc(5000, 'x'));
    await turns(20);
    expect(Buffer.concat(seen).toString()).toBe('x'.repeat(5000));
    expect(dataEvents).toBe(0);
  });
});

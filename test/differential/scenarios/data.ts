/** Bytes and the end of bytes. */
import { once } from 'node:events';
import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  closed,
  connectPair,
  HOST,
  listen,
  readAll,
  readLength,
  SOCKET_EVENTS,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable } from '../support/scenario';

const ENDING = ['end', 'finish', 'error', 'close'];

/** Logs one end's ending with the booleans a program may look at. */
function watchEnd(log: Log, channel: string, socket: TLSSocket): void {
  watch(log, channel, socket, ENDING, (event, values) =>
    event === 'close'
      ? [values[0], socket.destroyed, socket.readableEnded, socket.writableFinished]
      : values,
  );
}

export const scenarios: ScenarioTable = {
  ...forVersions('echo', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.pipe(peer);
    client.end('hello');
    log('client', 'text', await readAll(client));
  }),
  ...forVersions('one megabyte each way', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    const bytes = 'x'.repeat(1 << 20);
    client.end(bytes);
    peer.end(bytes);
    const [left, right] = await Promise.all([readAll(client), readAll(peer)]);
    log('client', 'got', left === bytes);
    log('server', 'got', right === bytes);
  }),
  ...forVersions('writes before the handshake', (version) => async (tls, log) => {
    const { port } = await serve(tls, {}, (socket) => {
      readLength(socket, 9).then((text) => socket.end(text));
    });
    const client = own(tls.connect({ port, host: HOST, maxVersion: version, ...trusting() }));
    for (const part of ['one', 'two', 'six']) {
      client.write(part, () => log('client', 'written', part));
    }
    watch(log, 'client', client, ['secureConnect', 'drain']);
    log('client', 'text', await readAll(client));
  }),
  ...forVersions('end before the handshake', (version) => async (tls, log) => {
    const { server, port } = await serve(tls);
    server.on('secureConnection', (socket) => {
      readAll(socket).then((text) => {
        log('server', 'text', text);
        socket.end();
      });
    });
    const client = own(tls.connect({ port, host: HOST, maxVersion: version, ...trusting() }));
    watchEnd(log, 'client', client);
    client.end('early');
    client.resume();
    await closed(client);
  }),
  ...forVersions('the client ends first', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    watchEnd(log, 'client', client);
    watchEnd(log, 'server', peer);
    peer.resume();
    client.resume();
    client.end('bye');
    await Promise.all([closed(client), closed(peer)]);
  }),
  ...forVersions('the server ends first', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    watchEnd(log, 'client', client);
    watchEnd(log, 'server', peer);
    client.resume();
    peer.resume();
    peer.end('bye');
    await Promise.all([closed(client), closed(peer)]);
  }),
  ...forVersions('both end at once', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    watchEnd(log, 'client', client);
    watchEnd(log, 'server', peer);
    client.resume();
    peer.resume();
    client.end('a');
    peer.end('b');
    await Promise.all([closed(client), closed(peer)]);
  }),
  ...forVersions('allowHalfOpen server goes on writing', (version) => async (tls, log) => {
    const { port } = await serve(tls, { allowHalfOpen: true } as object, (socket) => {
      socket.resume().on('end', () => {
        log('server', 'end', socket.writable, socket.allowHalfOpen);
        setImmediate(() => socket.end('after the end'));
      });
    });
    const client = own(
      tls.connect({
        port,
        host: HOST,
        maxVersion: version,
        allowHalfOpen: true,
        ...trusting(),
      } as object),
    );
    client.end('hello');
    log('client', 'text', await readAll(client));
    await closed(client);
  }),
  ...forVersions(
    'without allowHalfOpen the other half closes by itself',
    (version) => async (tls, log) => {
      const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
      watchEnd(log, 'client', client);
      client.resume();
      peer.resume();
      peer.end();
      await closed(client);
      log('client', 'half open', client.allowHalfOpen);
    },
  ),
  ...forVersions('destroy of the client', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    watchEnd(log, 'client', client);
    watch(log, 'server', peer, ['error', 'close']);
    peer.pipe(peer);
    client.write('x');
    await readLength(client, 1);
    client.destroy();
    await Promise.all([closed(client), closed(peer)]);
  }),
  'destroy with an error': async (tls, log) => {
    const { client } = await connectPair(tls);
    watchEnd(log, 'client', client);
    client.destroy(new Error('mine'));
    await closed(client);
    log('client', 'errored', client.errored);
  },
  'destroy while connecting': async (tls, log) => {
    const { port } = await serve(tls);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, SOCKET_EVENTS);
    client.destroy();
    await closed(client);
  },
  'destroy twice': async (tls, log) => {
    const { client } = await connectPair(tls);
    watchEnd(log, 'client', client);
    client.destroy();
    client.destroy(new Error('late'));
    await closed(client);
  },
  ...forVersions('destroySoon sends what was written', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    const text = readAll(peer);
    client.write('all of it');
    client.destroySoon();
    log('server', 'text', await text);
    await closed(client);
  }),
  ...forVersions('write callbacks in order', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.resume();
    await Promise.all(
      ['a', 'b', 'c'].map(
        (part) =>
          new Promise<void>((resolve) => {
            client.write(part, (error) => {
              log('client', 'written', part, error);
              resolve();
            });
          }),
      ),
    );
  }),
  'write after end': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.resume();
    watch(log, 'client', client, ['error', 'close']);
    client.end();
    client.write('late', (error) => log('client', 'written', error));
    await closed(client);
  },
  'write after destroy': async (tls, log) => {
    const { client } = await connectPair(tls);
    watch(log, 'client', client, ['error', 'close']);
    client.destroy();
    await new Promise<void>((resolve) => {
      client.write('late', (error) => {
        log('client', 'written', error);
        resolve();
      });
    });
  },
  'write of bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    const write = client.write.bind(client) as (value: unknown) => boolean;
    log(
      'client',
      'null',
      outcome(() => write(null)),
    );
    log(
      'client',
      'number',
      outcome(() => write(5)),
    );
    log(
      'client',
      'object',
      outcome(() => write({})),
    );
  },
  'empty writes': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.on('data', (chunk: Buffer) => log('server', 'data', chunk.toString()));
    client.write('', () => log('client', 'empty written'));
    client.write(Buffer.alloc(0));
    client.end('x');
    await once(peer, 'end');
  },
  'cork and uncork': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.cork();
    client.write('one ');
    client.write('two ');
    client.write(Buffer.from('three'));
    client.uncork();
    log('server', 'text', await readLength(peer, 13));
  },
  'encodings of writes': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.write('é', 'latin1');
    client.write('68', 'hex');
    client.write('aQ==', 'base64');
    client.write('u', 'utf16le');
    client.end();
    const chunks: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(peer, 'end');
    log('server', 'bytes', Buffer.concat(chunks).toString('hex'));
  },
  'drain after a full buffer': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    // How much the system takes at once is not compared.
    while (client.write(Buffer.alloc(1 << 20)));
    peer.resume();
    await once(client, 'drain');
    log('client', 'drained', client.writableLength);
  },
  'pause stops data': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.pause();
    client.on('data', (chunk: Buffer) =>
      log('client', 'data', chunk.toString(), client.isPaused()),
    );
    peer.write('x');
    await new Promise((resolve) => setTimeout(resolve, 20));
    log('client', 'resuming');
    client.resume();
    await readLength(client, 1);
  },
  'reading with read()': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('abcdef');
    await once(client, 'readable');
    let text = '';
    for (;;) {
      const chunk = client.read(2) as Buffer | null;
      if (chunk === null) break;
      text += chunk;
    }
    log('client', 'text', text);
  },
  'unshift gives bytes back': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('tail');
    client.once('data', (chunk: Buffer) => {
      client.pause();
      client.unshift(Buffer.concat([Buffer.from('head '), chunk]));
    });
    await once(client, 'data');
    const text = readAll(client);
    client.resume();
    log('client', 'text', await text);
  },
  ...forVersions('onread', (version) => async (tls, log) => {
    const { port } = await serve(tls, {}, (socket) => socket.end('hello'));
    const buffer = Buffer.alloc(16);
    const client = own(
      tls.connect({
        port,
        host: HOST,
        maxVersion: version,
        ...trusting(),
        onread: {
          buffer,
          callback: (length: number, got: Uint8Array) => {
            log('client', 'onread', length, got.subarray(0, length).toString(), got === buffer);
            return true;
          },
        },
      } as object),
    );
    client.on('data', () => log('client', 'data'));
    await once(client, 'end');
  }),
  'onread asks for a buffer only when the last one was used': async (tls, log) => {
    const { port } = await serve(tls, {}, (socket) => socket.end('hello world'));
    const buffers = [Buffer.alloc(2), Buffer.alloc(3)];
    let asked = 0;
    const client = own(
      tls.connect({
        port,
        host: HOST,
        ...trusting(),
        onread: {
          buffer: () => buffers[asked++ % 2],
          callback: (length: number, got: Uint8Array) => {
            log('client', 'onread', length, got === buffers[(asked - 1) % 2]);
            return true;
          },
        },
      } as object),
    );
    await once(client, 'end');
    log('client', 'asked', asked);
  },
  pauseOnConnect: async (tls, log) => {
    const { server, port } = await serve(tls, { pauseOnConnect: true });
    server.on('secureConnection', (socket) => {
      log('server', 'paused', socket.isPaused());
      socket.on('data', (chunk: Buffer) => socket.end(`re: ${chunk}`));
      setTimeout(() => socket.resume(), 10);
    });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.write('hello');
    log('client', 'text', await readAll(client));
  },
  'server socket without data listener keeps the data': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.write('kept');
    await new Promise((resolve) => setTimeout(resolve, 20));
    log('server', 'text', await readLength(peer, 4));
  },
  ...forVersions('the transport ends without close_notify', (version) => async (tls, log) => {
    const plain = net.createServer((socket) => {
      const secured = own(new tls.TLSSocket(own(socket), { isServer: true, ...serverIdentity() }));
      secured.once('data', () => socket.destroy());
    });
    const port = await listen(plain);
    const client = own(tls.connect({ port, host: HOST, maxVersion: version, ...trusting() }));
    watchEnd(log, 'client', client);
    client.on('secureConnect', () => client.write('x'));
    client.resume();
    await closed(client);
  }),
  'end with a callback': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.resume();
    await new Promise<void>((resolve) => {
      client.end('x', () => {
        log('client', 'ended', client.writableFinished);
        resolve();
      });
    });
  },
  'pipe through two connections': async (tls, log) => {
    const far = await connectPair(tls);
    const near = await connectPair(tls);
    near.peer.pipe(far.client).pipe(near.peer);
    far.peer.on('data', (chunk: Buffer) => far.peer.end(`far: ${chunk}`));
    near.client.write('ping');
    log('client', 'text', await readAll(near.client));
  },
  'many small writes': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    for (let count = 0; count < 1000; count += 1) client.write(`${count % 10}`);
    client.end();
    const text = await readAll(peer);
    log('server', 'text', text.length, text === '0123456789'.repeat(100));
  },
};

/** What `stream`, `events` and `net` do with a TLSSocket. */
import { getEventListeners, once } from 'node:events';
import {
  addAbortSignal,
  Duplex,
  finished,
  PassThrough,
  pipeline,
  Readable,
  type Stream,
  Transform,
} from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished as finishedPromise, pipeline as pipelinePromise } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import {
  closed,
  connectPair,
  HOST,
  pipe,
  readAll,
  readLength,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable, type TLS } from '../support/scenario';

const ENDS = ['end', 'finish', 'error', 'close'];

/** Whatever a promise comes to. */
async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** Both ends of TLS over a Duplex that is no socket. */
async function overPipe(tls: TLS): Promise<[TLSSocket, TLSSocket]> {
  const [left, right] = pipe();
  const peer = own(new tls.TLSSocket(right, { isServer: true, ...serverIdentity() }));
  const client = own(tls.connect({ socket: left, ...trusting() }));
  await once(client, 'secureConnect');
  return [client, peer];
}

function state(log: Log, channel: string, when: string, socket: TLSSocket): void {
  const s = socket as TLSSocket & Record<string, unknown>;
  log(channel, when, {
    readable: s.readable,
    writable: s.writable,
    readableEnded: s.readableEnded,
    writableEnded: s.writableEnded,
    writableFinished: s.writableFinished,
    readableFlowing: s.readableFlowing,
    readableAborted: s['readableAborted'],
    readableDidRead: s['readableDidRead'],
    writableAborted: s['writableAborted'],
    destroyed: s.destroyed,
    closed: when === 'destroyed' || s.closed,
    errored: s.errored,
    readyState: s.readyState,
    connecting: s.connecting,
    pending: s.pending,
    readableHighWaterMark: s.readableHighWaterMark,
    writableHighWaterMark: s.writableHighWaterMark,
    objectMode: s.readableObjectMode,
    writableNeedDrain: s.writableNeedDrain,
  });
}

export const scenarios: ScenarioTable = {
  ...forVersions('states of a socket', (version) => async (tls, log) => {
    const { port } = await serve(tls, { maxVersion: version }, (socket) => socket.end('hello'));
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    state(log, 'client', 'at once', client);
    await once(client, 'connect');
    state(log, 'client', 'connected', client);
    await once(client, 'secureConnect');
    state(log, 'client', 'secure', client);
    client.setEncoding('utf8');
    await readLength(client, 5);
    client.end();
    state(log, 'client', 'ended', client);
    await closed(client);
    state(log, 'client', 'closed', client);
  }),
  'state after destroy with an error': async (tls, log) => {
    const { client } = await connectPair(tls);
    client.destroy(new Error('mine'));
    state(log, 'client', 'destroyed', client);
    await closed(client);
    state(log, 'client', 'closed', client);
  },
  'a write after the peer has ended': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.resume();
    peer.end();
    await once(client, 'end');
    watch(log, 'client', client, ['error', 'close']);
    client.write('late', (error) => log('client', 'written', error));
    await closed(client);
  },
  'a write in the listener of end': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.resume();
    client.on('end', () => {
      log(
        'client',
        'write',
        client.write('late', (error) => log('client', 'written', error)),
      );
    });
    watch(log, 'client', client, ['error', 'close']);
    peer.end();
    await closed(client);
  },
  'end twice': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.resume();
    client.resume();
    watch(log, 'client', client, ENDS);
    client.end('a', () => log('client', 'first'));
    client.end(() => log('client', 'second'));
    await closed(client);
    client.end((error?: Error) => log('after', 'third', error));
    await new Promise(setImmediate);
  },
  'for await': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('one two');
    client.setEncoding('utf8');
    let got = '';
    for await (const chunk of client) got += chunk as string;
    log('client', 'got', got, client.destroyed);
  },
  'for await that is left early': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    watch(log, 'client', client, ['error', 'close']);
    peer.write('one');
    for await (const chunk of client) {
      log('client', 'chunk', String(chunk));
      break;
    }
    log('client', 'destroyed', client.destroyed);
    await closed(client);
  },
  'for await of a connection that is cut': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.write('one');
    const read = async (): Promise<void> => {
      for await (const chunk of client) {
        log('client', 'chunk', String(chunk));
        client.destroy(new Error('cut'));
      }
    };
    log('client', 'read', await settled(read()));
  },
  'finished of both ends': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    const both = [client, peer].map((socket, i) => {
      return new Promise<void>((resolve) => {
        finished(socket, (error) => {
          log(i === 0 ? 'client' : 'server', 'finished', error);
          resolve();
        });
      });
    });
    client.resume();
    peer.resume();
    client.end();
    await Promise.all(both);
  },
  'finished of a socket that is destroyed': async (tls, log) => {
    const { client } = await connectPair(tls);
    const done = settled(finishedPromise(client));
    client.destroy();
    log('client', 'finished', await done);
    log('client', 'again', await settled(finishedPromise(client)));
  },
  'finished of the writable half': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.resume();
    const done = settled(finishedPromise(client, { readable: false }));
    client.end('x');
    log('client', 'finished', await done);
  },
  'pipeline into a socket': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    const got = readAll(peer);
    const done = pipelinePromise(Readable.from(['a', 'b', 'c']), client);
    log('server', 'got', await got);
    peer.end();
    client.resume();
    log('client', 'done', await settled(done));
  },
  'pipeline through a socket': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.pipe(peer);
    let got = '';
    const sink = new Transform({
      transform(chunk, _encoding, done) {
        got += String(chunk);
        done();
      },
    });
    sink.resume();
    const done = pipelinePromise(Readable.from(['x', 'y']), client as Duplex, sink);
    log('client', 'done', await settled(done));
    log('client', 'got', got);
  },
  'pipeline whose source fails': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    watch(log, 'client', client, ['error', 'close']);
    watch(log, 'server', peer, ['close']);
    peer.on('error', () => undefined);
    peer.resume();
    const source = new PassThrough();
    const done = new Promise((resolve) => pipeline(source, client, resolve));
    source.write('x');
    source.destroy(new Error('source'));
    log('pipeline', 'done', await done);
    await closed(client);
  },
  'compose of a socket': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('shout');
    const upper = new Transform({
      transform(chunk, _encoding, done) {
        done(null, String(chunk).toUpperCase());
      },
    });
    const composed = (client as unknown as { compose(stream: Stream): Readable }).compose(upper);
    log('client', 'text', await text(composed));
  },
  'Readable.toWeb': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('over the web');
    const web = Readable.toWeb(client) as unknown as AsyncIterable<Uint8Array>;
    let got = '';
    for await (const chunk of web) got += Buffer.from(chunk).toString();
    log('client', 'text', got);
  },
  'Duplex.toWeb': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.pipe(peer);
    const { readable, writable } = Duplex.toWeb(client);
    const writer = (writable as WritableStream<Uint8Array>).getWriter();
    await writer.write(Buffer.from('there and back'));
    const reader = (readable as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    log('client', 'text', Buffer.from(value as Uint8Array).toString());
    await writer.close();
    log('client', 'end', (await reader.read()).done);
  },
  'an iterator helper': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('a');
    log('client', 'array', await client.map((chunk: Buffer) => chunk.toString()).toArray());
  },
  addAbortSignal: async (tls, log) => {
    const { client } = await connectPair(tls);
    watch(log, 'client', client, ['error', 'close']);
    const controller = new AbortController();
    addAbortSignal(controller.signal, client);
    controller.abort(new Error('enough'));
    await closed(client);
  },
  'the option signal aborts while connected': async (tls, log) => {
    const { port } = await serve(tls);
    const controller = new AbortController();
    const options = { port, host: HOST, ...trusting(), signal: controller.signal };
    const client = own(tls.connect(options as object));
    watch(log, 'client', client, ['secureConnect', 'error']);
    await once(client, 'secureConnect');
    controller.abort();
    await closed(client);
    log('client', 'listeners', getEventListeners(controller.signal, 'abort').length);
  },
  'once with a signal': async (tls, log) => {
    const { client } = await connectPair(tls);
    const controller = new AbortController();
    const waiting = settled(once(client, 'data', { signal: controller.signal }));
    controller.abort();
    log('client', 'once', await waiting);
    log('client', 'listeners', client.listenerCount('data'));
  },
  'once rejects with the error': async (tls, log) => {
    const { client } = await connectPair(tls);
    const waiting = settled(once(client, 'data'));
    client.destroy(new Error('mine'));
    log('client', 'once', await waiting);
  },
  asyncDispose: async (tls, log) => {
    const { client } = await connectPair(tls);
    watch(log, 'client', client, ['error']);
    const symbol = (Symbol as { asyncDispose?: symbol }).asyncDispose as symbol;
    await (client as unknown as Record<symbol, () => Promise<void>>)[symbol]?.();
    log('client', 'destroyed', client.destroyed);
  },
  'setEncoding in the middle of a character': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.setEncoding('utf8');
    const bytes = Buffer.from('añb');
    peer.write(bytes.subarray(0, 2));
    await once(client, 'data');
    peer.end(bytes.subarray(2));
    log('client', 'rest', await once(client, 'data'), client.readableEncoding);
  },
  'setDefaultEncoding and string writes': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.setDefaultEncoding('hex');
    client.write('6869');
    client.end('!', 'utf8');
    log('server', 'text', await readAll(peer), client.bytesWritten);
  },
  'bytes that were read and written': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.pipe(peer);
    client.write('é', 'utf8');
    client.write(Buffer.alloc(1000));
    await readLength(client, 1002);
    log('client', 'bytes', client.bytesRead, client.bytesWritten);
    client.destroy();
    await closed(client);
    log('client', 'closed', client.bytesRead, client.bytesWritten);
  },
  'methods that return the socket': async (tls, log) => {
    const { client } = await connectPair(tls);
    const chain = client.setNoDelay().setKeepAlive(true, 10).ref().unref().setTimeout(0);
    log('client', 'same', chain === client, client.pause().resume() === client);
    log('client', 'destroy', client.destroy() === client, client.destroy() === client);
  },
  'setTimeout tells of silence': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.resume();
    client.setTimeout(30, () => log('client', 'callback', client.timeout));
    await once(client, 'timeout');
    client.write('x');
    await once(client, 'timeout');
    log('client', 'again', client.destroyed);
    client.setTimeout(0);
    log('client', 'off', client.timeout);
  },
  'setTimeout over a Duplex': async (tls, log) => {
    const [client] = await overPipe(tls);
    client.setTimeout(20, () => log('client', 'callback', client.timeout));
    await once(client, 'timeout');
    log('client', 'timeout', client.destroyed);
    client.setTimeout(0);
    log('client', 'off', client.timeout);
  },
  'setTimeout with bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    const set = client.setTimeout.bind(client) as (...values: unknown[]) => unknown;
    for (const value of ['x', -1, Number.NaN, Number.POSITIVE_INFINITY, undefined, null]) {
      log(
        'client',
        String(value),
        outcome(() => set(value) === client),
      );
    }
    log(
      'client',
      'callback',
      outcome(() => set(10, 'x')),
    );
  },
  'the surface of net.Socket over a Duplex': async (tls, log) => {
    const [client] = await overPipe(tls);
    log('client', 'address', client.address(), client.remoteAddress, client.remotePort);
    log('client', 'local', client.localAddress, client.localPort, client.remoteFamily);
    log('client', 'calls', client.setNoDelay().setKeepAlive().ref().unref() === client);
    log('client', 'state', client.readyState, client.connecting, client.pending);
  },
  'handshakeTimeout over a Duplex': async (tls, log) => {
    const [left, right] = pipe();
    left.resume();
    const options = { isServer: true, ...serverIdentity(), handshakeTimeout: 20 };
    const peer = own(new tls.TLSSocket(right, options as object));
    peer.on('_tlsError' as 'error', (error) => log('server', '_tlsError', error));
    await once(peer, '_tlsError' as 'error');
  },
  'captureRejections of a socket': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    const symbol = Symbol.for('nodejs.rejection');
    log('client', 'has', typeof (client as unknown as Record<symbol, unknown>)[symbol]);
    peer.end('x');
    log('client', 'text', await readAll(client));
  },
};

/**
 * What the client does in a run, and how long it took. A connection that is used by all runs is opened before the first.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { HelloBurst } from './hello-burst';
import type { Measurement, Setup } from './model';
import type { Client, Handler, Link } from './stack';
import { latencyExtras } from './statistics';

/** One kind of work: `run` may be called many times. */
export interface Work {
  run(): Promise<Measurement>;
}

export async function createWork(setup: Setup, port: number, client: Client): Promise<Work> {
  const { work } = setup.work;
  switch (work) {
    case 'stream':
      return await Conversation.open(client, (talk) => new Stream(setup, talk));
    case 'ping':
      return await Conversation.open(client, (talk) => new Ping(setup, talk));
    case 'handshakes': {
      const sessions = setup.work.resume ? await client.sessions() : undefined;
      return new Handshakes(setup, client, sessions);
    }
    case 'burst':
      return new Handshakes(setup, client, undefined);
    case 'hello-burst':
      return new HelloBurst(setup, port);
    case 'idle':
      return new Idle(setup, client);
  }
}

/** One open connection, of which the received bytes can be awaited. */
class Conversation implements Handler {
  onReceive: (bytes: number) => void = () => {};
  #socket: Duplex | undefined;

  get socket(): Duplex {
    if (!this.#socket) throw new Error('the connection is not open yet');
    return this.#socket;
  }

  static async open<W extends Work>(client: Client, make: (talk: Conversation) => W): Promise<W> {
    const talk = new Conversation();
    await client.connect(talk);
    return make(talk);
  }

  ready(socket: Duplex): void {
    this.#socket = socket;
  }

  receive(chunk: Uint8Array): void {
    this.onReceive(chunk.length);
  }
}

/** Transfers one way, as fast as the socket takes them; each ends when the server has answered that it has everything. */
class Stream implements Work {
  readonly #talk: Conversation;
  readonly #chunk: Buffer;
  readonly #bytes: number;
  readonly #perTick: number;
  readonly #transfers: number;

  constructor(setup: Setup, talk: Conversation) {
    const { writeSize, writesPerTick, bytes, operations } = setup.work;
    this.#transfers = operations;
    this.#talk = talk;
    this.#chunk = randomBytes(Math.min(writeSize, bytes));
    this.#bytes = bytes;
    this.#perTick = writesPerTick;
  }

  async run(): Promise<Measurement> {
    const start = performance.now();
    for (let i = 0; i < this.#transfers; i++) await this.#transfer();
    const seconds = (performance.now() - start) / 1000;
    const bytes = this.#bytes * this.#transfers;
    return { seconds, operations: bytes / this.#chunk.length, bytes, extras: {} };
  }

  #transfer(): Promise<void> {
    return new Promise((resolve) => {
      this.#talk.onReceive = () => resolve();
      if (this.#perTick === 1) this.#writeUntilFull(this.#bytes);
      else this.#writeByTick(this.#bytes);
    });
  }

  #writeUntilFull(bytes: number): void {
    const { socket } = this.#talk;
    for (let left = bytes; left > 0; left -= this.#chunk.length) {
      const goOn = socket.write(
        left < this.#chunk.length ? this.#chunk.subarray(0, left) : this.#chunk,
      );
      if (goOn) continue;
      socket.once('drain', () => this.#writeUntilFull(left - this.#chunk.length));
      return;
    }
  }

  #writeByTick(bytes: number): void {
    const { socket } = this.#talk;
    let goOn = true;
    let left = bytes;
    for (let i = 0; i < this.#perTick && left > 0; i++, left -= this.#chunk.length) {
      goOn = socket.write(this.#chunk);
    }
    if (left <= 0) return;
    if (goOn) setImmediate(() => this.#writeByTick(left));
    else socket.once('drain', () => this.#writeByTick(left));
  }
}

/** Round trips, one after the other. */
class Ping implements Work {
  readonly #talk: Conversation;
  readonly #message: Buffer;
  readonly #count: number;

  constructor(setup: Setup, talk: Conversation) {
    this.#talk = talk;
    this.#message = randomBytes(setup.work.writeSize);
    this.#count = setup.work.operations;
  }

  async run(): Promise<Measurement> {
    const microseconds = new Float64Array(this.#count);
    const start = performance.now();
    await new Promise<void>((resolve) => this.#exchange(microseconds, resolve));
    const seconds = (performance.now() - start) / 1000;
    const bytes = 2 * this.#count * this.#message.length;
    return { seconds, operations: this.#count, bytes, extras: latencyExtras(microseconds) };
  }

  #exchange(microseconds: Float64Array, done: () => void): void {
    const { socket } = this.#talk;
    let trip = 0;
    let missing = this.#message.length;
    let sent = performance.now();
    this.#talk.onReceive = (bytes) => {
      missing -= bytes;
      if (missing > 0) return;
      const now = performance.now();
      microseconds[trip++] = (now - sent) * 1000;
      if (trip === this.#count) return done();
      missing = this.#message.length;
      sent = now;
      socket.write(this.#message);
    };
    socket.write(this.#message);
  }
}

/** Connections: connect, all handshakes, one byte from the server, close. */
class Handshakes implements Work {
  readonly #setup: Setup;
  readonly #client: Client;
  readonly #sessions: readonly Buffer[] | undefined;

  constructor(setup: Setup, client: Client, sessions: readonly Buffer[] | undefined) {
    this.#setup = setup;
    this.#client = client;
    this.#sessions = sessions;
  }

  async run(): Promise<Measurement> {
    const { operations, inFlight } = this.#setup.work;
    let left = operations;
    const start = performance.now();
    const lane = async () => {
      while (left-- > 0) await this.#one();
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    const seconds = (performance.now() - start) / 1000;
    return { seconds, operations, bytes: 0, extras: {} };
  }

  async #one(): Promise<void> {
    const link = await new Promise<Link>((resolve, reject) => {
      let connected: Link | undefined;
      let greeted = false;
      const both = () => {
        if (connected && greeted) resolve(connected);
      };
      const receive = () => {
        greeted = true;
        both();
      };
      this.#client.connect({ ready: () => {}, receive }, this.#sessions).then((made) => {
        connected = made;
        both();
      }, reject);
    });
    if (this.#sessions && !link.resumed) throw new Error('the session was not resumed');
    await closed(link);
  }
}

/** Ends a connection in the orderly way and waits until its transport is gone. */
function closed({ socket, transport }: Link): Promise<void> {
  return new Promise((resolve) => {
    transport.once('close', () => resolve());
    socket.once('close', () => transport.destroy());
    socket.end();
  });
}

/** Opens connections and leaves them alone; what they cost is read from the processes' RSS. */
class Idle implements Work {
  readonly #setup: Setup;
  readonly #client: Client;
  readonly #links: Link[] = [];

  constructor(setup: Setup, client: Client) {
    this.#setup = setup;
    this.#client = client;
  }

  async run(): Promise<Measurement> {
    const { operations, inFlight } = this.#setup.work;
    const start = performance.now();
    let left = operations;
    const lane = async () => {
      while (left-- > 0) {
        this.#links.push(await this.#client.connect({ ready: () => {}, receive: () => {} }));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return { seconds: (performance.now() - start) / 1000, operations, bytes: 0, extras: {} };
  }
}

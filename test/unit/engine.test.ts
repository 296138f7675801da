import { type EngineOutput, type StartTLSOptions, TLSEngine } from '../../src';
import { clientOptions, serverOptions } from '../support/identities';
import { pattern, Random } from '../support/random';

interface Engines {
  client: TLSEngine;
  server: TLSEngine;
}

function makeEngines(extra: StartTLSOptions = {}): Engines {
  return {
    client: new TLSEngine(clientOptions(1, extra)),
    server: new TLSEngine(serverOptions(1, extra)),
  };
}

const NOTHING = new Uint8Array();
const whole = (bytes: Buffer): Buffer[] => [bytes];

/** Carries bytes between the engines until both are quiet. */
function handshake({ client, server }: Engines, cut = whole): EngineOutput[] {
  const outputs: EngineOutput[] = [];
  let wire = client.receive(NOTHING).wire;
  for (let toServer = true; wire !== null; toServer = !toServer) {
    const engine = toServer ? server : client;
    const answers: Buffer[] = [];
    for (const piece of cut(wire)) {
      const output = engine.receive(piece);
      outputs.push(output);
      if (output.wire !== null) answers.push(output.wire);
    }
    wire = answers.length > 0 ? Buffer.concat(answers) : null;
  }
  return outputs;
}

function wireOf(output: EngineOutput): Buffer {
  if (output.wire === null) throw new Error('no bytes for the wire');
  return output.wire;
}

function cutAtRandom(seed: number): (bytes: Buffer) => Buffer[] {
  const random = new Random(seed);
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = random.between(1, 300);
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    return pieces;
  };
}

const CUTS: [string, (bytes: Buffer) => Buffer[]][] = [
  ['whole', whole],
  ['byte by byte', (bytes) => [...bytes].map((byte) => Buffer.of(byte))],
  ['at random', cutAtRandom(1)],
];

describe('TLSEngine', () => {
  test.each(CUTS)('makes a handshake from bytes that come %s', (_, cut) => {
    const engines = makeEngines();
    const outputs = handshake(engines, cut);
    expect(outputs.every((output) => output.error === undefined)).toBe(true);
    expect(outputs.some((output) => output.established)).toBe(true);
    expect([engines.client.state, engines.server.state]).toEqual(['established', 'established']);
  });

  test.each(CUTS)('moves data that comes %s both ways', (_, cut) => {
    const engines = makeEngines();
    handshake(engines);
    for (const [from, to] of [
      [engines.client, engines.server],
      [engines.server, engines.client],
    ] as const) {
      const sent = pattern(50_000);
      const received = cut(wireOf(from.send(sent))).map((piece) => to.receive(piece).plaintext);
      expect(Buffer.concat(received.filter((each) => each !== null)).equals(sent)).toBe(true);
    }
  });

  test('moves a megabyte in one call', () => {
    const engines = makeEngines();
    handshake(engines);
    const sent = pattern(1024 * 1024);
    const { plaintext } = engines.server.receive(wireOf(engines.client.send(sent)));
    expect(plaintext?.equals(sent)).toBe(true);
  });

  test('says nothing of its own accord: a server waits, a client starts when it is told to', () => {
    const { client, server } = makeEngines();
    expect([client.state, server.state]).toEqual(['waiting', 'waiting']);
    expect(server.receive(NOTHING).wire).toBeNull();
    expect(client.receive(NOTHING).wire?.[0]).toBe(22);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'keeps what follows close_notify of %s',
    (maxVersion) => {
      const engines = makeEngines({ maxVersion });
      handshake(engines);
      const wire = [
        wireOf(engines.client.send(Buffer.from('last'))),
        wireOf(engines.client.close()),
        Buffer.from('trailing'),
      ];
      const output = engines.server.receive(Buffer.concat(wire));
      expect(output).toMatchObject({ peerClosed: true, plaintext: Buffer.from('last') });
      expect(engines.server.trailing.toString()).toBe('trailing');
      expect(engines.server.state).toBe('readClosed');
      engines.server.receive(Buffer.from(' bytes'));
      expect(engines.server.trailing.toString()).toBe('trailing bytes');
    },
  );

  test('closes both ways independently', () => {
    const engines = makeEngines();
    handshake(engines);
    engines.server.receive(wireOf(engines.client.close()));
    const late = engines.client.receive(wireOf(engines.server.send(Buffer.from('late'))));
    expect(late.plaintext?.toString()).toBe('late');
    expect(engines.client.receive(wireOf(engines.server.close())).peerClosed).toBe(true);
    expect([engines.client.state, engines.server.state]).toEqual(['closed', 'closed']);
  });

  test('returns the error with the alert that is still to be sent', () => {
    const client = new TLSEngine(clientOptions(1, { maxVersion: 'TLSv1.2' }));
    const server = new TLSEngine(serverOptions(1, { minVersion: 'TLSv1.3' }));
    const output = server.receive(wireOf(client.receive(NOTHING)));
    expect(output.error).toMatchObject({
      name: 'HandshakeError',
      code: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
    });
    expect(output.wire?.[0]).toBe(21);
    expect(client.receive(wireOf(output)).error).toMatchObject({ name: 'AlertError' });
    expect([client.state, server.state]).toEqual(['failed', 'failed']);
  });

  test('says the same error again when it is called after it has failed', () => {
    const { server } = makeEngines();
    const { error } = server.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(error).toMatchObject({ name: 'UnknownProtocolError' });
    expect(server.receive(Buffer.from('more')).error).toBe(error);
    expect(server.receive(NOTHING).plaintext).toBeNull();
  });

  test('refuses a record that was altered', () => {
    const engines = makeEngines();
    handshake(engines);
    const wire = wireOf(engines.client.send(Buffer.from('data')));
    wire[wire.length - 1] = (wire[wire.length - 1] as number) ^ 1;
    const output = engines.server.receive(wire);
    expect(output).toMatchObject({ plaintext: null, error: { name: 'ProtocolError' } });
    expect(output.wire).not.toBeNull();
  });

  test('refuses the wrong host and delivers nothing', () => {
    const client = new TLSEngine(clientOptions(1, { servername: 'other.test' }));
    const server = new TLSEngine(serverOptions(1));
    const flight = wireOf(server.receive(wireOf(client.receive(NOTHING))));
    const output = client.receive(flight);
    expect(output).toMatchObject({
      established: false,
      error: { name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('does not send before it is established', () => {
    const { client } = makeEngines();
    expect(() => client.send(Buffer.from('early'))).toThrow(
      expect.objectContaining({ code: 'ERR_ONION_STATE' }),
    );
  });

  test('that is closed before it is established sends close_notify behind its handshake', () => {
    const engines = makeEngines();
    const early = engines.server.close();
    expect(early).toEqual({ plaintext: null, wire: null, established: false, peerClosed: false });
    const outputs = handshake(engines);
    expect(engines.server.state).toBe('writeClosed');
    expect(engines.client.state).toBe('readClosed');
    expect(outputs.at(-1)).toMatchObject({ peerClosed: true });
    const last = engines.server.receive(wireOf(engines.client.send(Buffer.from('last'))));
    expect(last.plaintext?.toString()).toBe('last');
  });

  test('says when it can go on after an SNICallback that answers later', async () => {
    let answer: ((error: null) => void) | undefined;
    const server = new TLSEngine(
      serverOptions(1, {
        SNICallback: (_name, callback) => {
          answer = callback;
        },
      }),
    );
    const client = new TLSEngine(clientOptions(1));
    expect(server.pending).toBeNull();
    const hello = wireOf(client.receive(NOTHING));
    expect(server.receive(hello.subarray(0, 50)).wire).toBeNull();
    expect(server.pending).toBeNull();
    expect(server.receive(hello.subarray(50)).wire).toBeNull();
    const { pending } = server;
    expect(pending).toBeInstanceOf(Promise);
    answer?.(null);
    await pending;
    expect(server.pending).toBeNull();
    const flight = wireOf(server.receive(NOTHING));
    expect(client.receive(flight).established).toBe(true);
  });

  test('says when it can go on after a step on the thread pool, and keeps the bytes that come meanwhile', async () => {
    const engines = makeEngines({ offloadHandshake: true });
    let wire = engines.client.receive(NOTHING).wire;
    for (let turn = 0; engines.server.state !== 'established' && turn < 20; turn++) {
      for (const engine of [engines.client, engines.server]) {
        const outputs = [engine.receive(wire ?? NOTHING)];
        while (engine.pending !== null) {
          await engine.pending;
          outputs.push(engine.receive(NOTHING));
        }
        wire = Buffer.concat(outputs.map((output) => output.wire ?? NOTHING));
      }
    }
    expect([engines.client.state, engines.server.state]).toEqual(['established', 'established']);
    engines.client.receive(wire ?? NOTHING);
    expect(engines.client.receive(wireOf(engines.server.send(Buffer.from('x')))).plaintext).toEqual(
      Buffer.from('x'),
    );
  });

  test('takes an alert of TLS 1.3 for fatal whatever level it has', () => {
    const { client, server } = makeEngines();
    server.receive(wireOf(client.receive(NOTHING)));
    // A warning, bad_certificate; before its Finished a client may send it in the clear.
    const { error } = server.receive(Buffer.from('1503030002012a', 'hex'));
    expect(error).toMatchObject({
      name: 'AlertError',
      alert: { code: 42, name: 'bad certificate', direction: 'received' },
    });
  });

  test('says that the peer has closed in the middle of the handshake', () => {
    const { client } = makeEngines();
    client.receive(NOTHING);
    const { error } = client.receive(Buffer.from('15030300020100', 'hex'));
    expect(error).toMatchObject({ name: 'HandshakeError', code: 'ERR_ONION_PROTOCOL' });
    expect(error?.message).toBe('The peer has closed the layer before the TLS handshake was done');
  });

  test('can be put into another one', () => {
    const [outer, inner] = [makeEngines(), makeEngines()];
    handshake(outer);
    const through = (from: TLSEngine, to: TLSEngine, bytes: Buffer): Buffer => {
      const { plaintext } = to.receive(wireOf(from.send(bytes)));
      return plaintext ?? Buffer.alloc(0);
    };
    let wire = inner.client.receive(NOTHING).wire;
    for (let toServer = true; wire !== null; toServer = !toServer) {
      const [from, to, engine] = toServer
        ? [outer.client, outer.server, inner.server]
        : [outer.server, outer.client, inner.client];
      wire = engine.receive(through(from, to, wire)).wire;
    }
    expect(inner.client.state).toBe('established');
  });

  test.each([['text'], [null], [undefined], [[1, 2]]])(
    'refuses %p where bytes are wanted, and goes on',
    (value) => {
      const engines = makeEngines();
      const { client, server } = engines;
      const refusal = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(() => client.receive(value as never)).toThrow(refusal);
      handshake(engines);
      expect(() => client.send(value as never)).toThrow(refusal);
      const sealed = wireOf(client.send(Buffer.from('bytes')));
      expect(server.receive(sealed).plaintext?.toString()).toBe('bytes');
    },
  );
});

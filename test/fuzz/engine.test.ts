/** Hostile bytes: an engine answers with a value, whatever it is fed, and delivers nothing that was not sent. */
import fc from 'fast-check';
import { createSecureContext, type EngineOutput, type StartTLSOptions, TLSEngine } from '../../src';
import { clientOptions, serverOptions } from '../support/identities';

const NOTHING = new Uint8Array();
const { ca, servername } = clientOptions(1);
const { key, cert } = serverOptions(1);
const options: Record<'client' | 'server', StartTLSOptions> = {
  client: { servername, secureContext: createSecureContext({ ca }) },
  server: { isServer: true, secureContext: createSecureContext({ key, cert }) },
};

const RUNS = 10 * Number(process.env['ONION_TLS_FUZZ_RUNS'] ?? 30);

function expectSound(engine: TLSEngine, output: EngineOutput, sent: Buffer): void {
  const { plaintext, error } = output;
  if (plaintext !== null) expect(sent.includes(plaintext)).toBe(true);
  expect(error !== undefined).toBe(engine.state === 'failed');
}

/** Changes one flight of a handshake, or one record after it. */
function exchange(flights: number, change: (bytes: Buffer) => Buffer): void {
  const engines = [new TLSEngine(options.client), new TLSEngine(options.server)] as const;
  const data = Buffer.from('application data');
  let wire: Buffer | null = engines[0].receive(NOTHING).wire;
  for (let flight = 0; wire !== null && flight < 8; flight++) {
    const receiver = engines[flight % 2 === 0 ? 1 : 0];
    const output = receiver.receive(flight === flights ? change(wire) : wire);
    expectSound(receiver, output, data);
    if (output.error !== undefined) return;
    wire = output.wire;
    if (wire === null && receiver.state === 'established') wire = receiver.send(data).wire;
  }
}

describe('an engine', () => {
  test('answers any first bytes with an error or patience', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('client', 'server'),
        fc.uint8Array({ maxLength: 600 }),
        (role, bytes) => {
          const engine = new TLSEngine(options[role]);
          expectSound(engine, engine.receive(bytes), Buffer.alloc(0));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('answers any record with an error or patience', () => {
    const record = fc.record({
      type: fc.integer({ min: 20, max: 24 }),
      version: fc.constantFrom(0x0301, 0x0303, 0x0304),
      body: fc.uint8Array({ maxLength: 300 }),
    });
    const records = fc.array(record, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom('client', 'server'), records, (role, list) => {
        const engine = new TLSEngine(options[role]);
        engine.receive(NOTHING);
        const parts = list.map(({ type, version, body }) => {
          const header = Buffer.alloc(5);
          header[0] = type;
          header.writeUInt16BE(version, 1);
          header.writeUInt16BE(body.length, 3);
          return Buffer.concat([header, body]);
        });
        expectSound(engine, engine.receive(Buffer.concat(parts)), Buffer.alloc(0));
      }),
      { numRuns: RUNS },
    );
  });

  test('survives changes of any byte of any flight', () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (flight, position, mask) => {
          exchange(flight, (bytes) => {
            const at = position % bytes.length;
            const changed = Buffer.from(bytes);
            changed[at] = (changed[at] as number) ^ mask;
            return changed;
          });
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('survives bytes that are lost, doubled or put in between', () => {
    const cut = fc.tuple(fc.nat(), fc.nat(50), fc.uint8Array({ maxLength: 50 }));
    fc.assert(
      fc.property(fc.nat(7), cut, (flight, [position, length, added]) => {
        exchange(flight, (bytes) => {
          const at = position % bytes.length;
          return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + length)]);
        });
      }),
      { numRuns: RUNS },
    );
  });
});

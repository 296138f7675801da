import { TLSEngine } from '../../src';
import { clientOptions, serverOptions } from '../support/identities';

describe('TLSEngine', () => {
  test.each([['text'], [null], [undefined], [[1, 2]]])(
    'refuses %p where bytes are wanted, and goes on',
    (value) => {
      const client = new TLSEngine(clientOptions(1));
      const server = new TLSEngine(serverOptions(1));
      const refusal = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(() => client.receive(value as never)).toThrow(refusal);
      let flight = client.receive(Buffer.alloc(0)).wire;
      for (const engine of [server, client, server]) {
        flight = engine.receive(flight as Buffer).wire;
      }
      expect(() => client.send(value as never)).toThrow(refusal);
      const sealed = client.send(Buffer.from('bytes')).wire;
      expect(server.receive(sealed as Buffer).plaintext?.toString()).toBe('bytes');
    },
  );
});

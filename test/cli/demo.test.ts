import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLines, onionTLS, watchOnionTLS } from './run-command';

const MiB = 2 ** 20;

/** Protocol, cipher and key of the five layers, as they must have been negotiated. */
const LAYERS = [
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 'P-256'],
  ['TLSv1.2', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'RSA-2048'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 'Ed25519'],
  ['TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'P-384'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'P-521'],
];

describe('onion-tls demo', () => {
  test('goes five layers in and comes back out, each layer with its own key and cipher', async () => {
    const { status, stdout, stderr } = await onionTLS('demo', '--bytes', '1MiB', '--json');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = jsonLines(stdout);
    const events = (name: string) => lines.filter(({ event }) => event === name);
    expect(events('in').map(({ depth }) => depth)).toEqual([0, 1, 2, 3, 4, 5]);
    const negotiated = events('in').map(({ protocol, cipher, key }) => [protocol, cipher, key]);
    expect(negotiated.slice(1)).toEqual(LAYERS);
    expect(events('out')).toMatchObject(
      [5, 4, 3, 2, 1].map((layer) => ({
        layer,
        depth: layer - 1,
        stoppedHere: layer % 2 === 1,
        reason: 'clean',
      })),
    );
    // A warm-up and six depths going in, five coming out.
    const bytesMoved = 2 * (7 * MiB + 5 * 64 * 1024);
    expect(events('done')).toMatchObject([{ depth: 5, bytesMoved }]);
  });

  test('counts the bytes that a layer adds: at least 22 for a record, and a handshake', async () => {
    const { stdout } = await onionTLS('demo', '--depth', '1', '--bytes', '1MiB', '--json');

    const [tcp, layer] = jsonLines(stdout).filter(({ event }) => event === 'in');
    expect(tcp?.['overheadBytes']).toBe(0);
    const overhead = Number(layer?.['overheadBytes']);
    expect(overhead).toBeGreaterThan(((2 * MiB) / 16_384) * 22 + 500);
    expect(overhead).toBeLessThan(20_000);
  });

  test('prints a table', async () => {
    const { status, stdout, stderr } = await onionTLS('demo', '--depth', '3', '--bytes', '100KB');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^layer +protocol +cipher +key +handshake +MB\/s +overhead$/m);
    expect(stdout).toMatch(/^ +3 +TLSv1\.3 +TLS_CHACHA20_POLY1305_SHA256 +Ed25519 +[\d.]+ ms +\d/m);
    expect(stdout).toMatch(/layer 1 stopped by this end \(clean, [\d.]+ ms\), depth 0: ok/);
    expect(stdout).toMatch(/all checksums agree\.\n$/);
  });

  test('goes deeper than there are kinds of layer', async () => {
    const { status, stdout } = await onionTLS('demo', '--depth', '12', '--bytes', '10KB', '--json');

    expect(status).toBe(0);
    const rows = jsonLines(stdout).filter(({ event }) => event === 'in');
    expect(rows).toHaveLength(13);
    expect(rows.at(-1)).toMatchObject({ depth: 12, key: 'RSA-2048' });
  });

  test('appends the secrets of every layer to the key log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onion-tls-demo-'));
    try {
      const file = join(folder, 'keys.log');
      const run = () => onionTLS('demo', '--depth', '2', '--bytes', '0', '--keylog', file);
      expect(await run()).toMatchObject({ status: 0 });
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      expect(lines.filter((line) => line.startsWith('CLIENT_TRAFFIC_SECRET_0 '))).toHaveLength(1);
      expect(
        lines.filter((line) => /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/.test(line)),
      ).toHaveLength(1);

      await run();
      expect(readFileSync(file, 'utf8').split('\n').slice(0, lines.length)).toEqual(lines);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('fails with status 1 when it cannot write the key log', async () => {
    const { status, stdout, stderr } = await onionTLS('demo', '--keylog', '/nowhere/keys.log');

    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^onion-tls: ENOENT: .*\/nowhere\/keys\.log'\n$/);
  });

  test('fails with status 1 when the other process dies in the middle', async () => {
    const args = ['demo', '--bytes', '1MiB', '--json'];
    let pid = 0;
    const { status, stdout, stderr } = await watchOnionTLS(args, (text) => {
      const line = JSON.parse(text) as { event: string; depth: number; listeningPid: number };
      if (line.event === 'start') pid = line.listeningPid;
      if (line.event === 'in' && line.depth === 2) process.kill(pid, 'SIGKILL');
    });

    expect(status).toBe(1);
    expect(stdout).not.toContain('"done"');
    expect(stderr).toMatch(/^onion-tls: listening end: the process ended with SIGKILL$/m);
    expect(
      stderr
        .split('\n')
        .slice(0, -1)
        .every((line) => line.startsWith('onion-tls: ')),
    ).toBe(true);
  });
});

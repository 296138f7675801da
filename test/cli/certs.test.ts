import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLines, onionTLS } from './run-command';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onion-tls-certs-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = (name: string) => readFileSync(join(folder, 'new', name), 'utf8');
const certs = (...args: string[]) => onionTLS('certs', join(folder, 'new'), ...args);

describe('onion-tls certs', () => {
  test('writes an authority and a certificate for localhost that it has signed', async () => {
    const { status, stdout, stderr } = await certs();

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const names = ['ca.pem', 'ca-key.pem', 'localhost.pem', 'localhost-key.pem'];
    expect(stdout.split('\n')).toEqual([...names.map((name) => join(folder, 'new', name)), '']);
    const leaf = new X509Certificate(read('localhost.pem'));
    expect(leaf.verify(new X509Certificate(read('ca.pem')).publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(read('localhost-key.pem')))).toBe(true);
    expect(leaf.subjectAltName).toContain('IP Address:127.0.0.1');
  });

  test('writes a certificate for each name, with the key and the days asked for', async () => {
    const names = ['a.test', '*.b.test', '::1'];
    const options = ['--names', names.join(','), '--key-type', 'ed25519', '--days', '3', '--json'];
    const { status, stdout } = await certs(...options);

    expect(status).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines.map(({ name }) => name)).toEqual(['ca', ...names]);
    for (const { cert, key } of lines) {
      const certificate = new X509Certificate(readFileSync(String(cert)));
      expect(certificate.publicKey.asymmetricKeyType).toBe('ed25519');
      const span = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
      expect(span).toBe(3 * 24 * 3_600_000);
      expect(statSync(String(key)).mode & 0o077).toBe(0);
    }
    expect(new X509Certificate(read('wildcard.b.test.pem')).checkHost('x.b.test')).toBe('*.b.test');
    expect(new X509Certificate(read('--1.pem')).checkIP('::1')).toBe('::1');
  });

  test('replaces nothing unless told to', async () => {
    await certs();
    const before = read('ca.pem');

    const refused = await certs();
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^onion-tls: .*ca\.pem exists: pass --force to replace it\n$/);
    expect(read('ca.pem')).toBe(before);

    expect(await certs('--force')).toMatchObject({ status: 0 });
    expect(read('ca.pem')).not.toBe(before);
  });
});

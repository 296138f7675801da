/** What the environment says about certificates counts, as with `node:tls`, and what keeps a process alive. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, writeFiles } from '../support/programs';
import { ca, cert, key } from './support/site';

const support = join(__dirname, 'support');

async function outputWith(environment: (caFile: string) => NodeJS.ProcessEnv): Promise<string> {
  const files = writeFiles({ ca, key, cert });
  const preload = ['--require', join(support, 'in-place-of-tls.cjs')];
  const script = join(support, 'environment.cjs');
  const args = [...preload, script, files.key, files.cert];
  const program = new Program(process.execPath, args, environment(files.ca));
  await program.exit();
  return program.output;
}

test('an unknown authority is refused', async () => {
  const output = await outputWith(() => ({}));
  expect(output).toContain('refused UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('NODE_EXTRA_CA_CERTS adds to the default authorities', async () => {
  const output = await outputWith((file) => ({ NODE_EXTRA_CA_CERTS: file }));
  expect(output).toContain('authorized true');
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 accepts anybody, with a warning', async () => {
  const output = await outputWith(() => ({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }));
  expect(output).toContain('authorized false');
  expect(output).toContain('disabling certificate verification');
});

test('--tls-keylog writes the keys of both ends to a file', async () => {
  const files = writeFiles({ ca, key, cert, keylog: '' });
  const preload = [
    `--tls-keylog=${files.keylog}`,
    '--require',
    join(support, 'in-place-of-tls.cjs'),
  ];
  const args = [...preload, join(support, 'environment.cjs'), files.key, files.cert];
  const program = new Program(process.execPath, args, { NODE_EXTRA_CA_CERTS: files.ca });
  await program.exit();
  const lines = readFileSync(files.keylog, 'utf8').trim().split('\n');
  const labels = new Set(lines.map((line) => line.split(' ')[0]));
  expect(lines).toHaveLength(10);
  expect(labels).toContain('CLIENT_TRAFFIC_SECRET_0');
  expect(program.output).toContain('writing secret key material');
});

test('--trace-tls writes the messages of all connections', async () => {
  const files = writeFiles({ ca, key, cert });
  const preload = ['--trace-tls', '--require', join(support, 'in-place-of-tls.cjs')];
  const args = [...preload, join(support, 'environment.cjs'), files.key, files.cert];
  const program = new Program(process.execPath, args, { NODE_EXTRA_CA_CERTS: files.ca });
  await program.exit();
  expect(program.output).toContain('Sent TLS Record');
  expect(program.output).toContain('can expose sensitive data');
});

test('a handshake that nobody answers does not keep the process alive', async () => {
  const preload = ['--require', join(support, 'in-place-of-tls.cjs')];
  const program = new Program(process.execPath, [
    ...preload,
    join(support, 'waits-for-nothing.cjs'),
  ]);
  expect(await program.exit()).toBe(0);
  expect(program.output).toContain('nothing left to wait for');
});

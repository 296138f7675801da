import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere, hasProgram, Program } from '../support/programs';
import { testEnds, testUpAndDown } from '../support/scripted-peer';

function hasLibrary(): boolean {
  const options = ['-x', 'c++', '-fsyntax-only', '-include', 'wolfssl/ssl.h', '/dev/null'];
  return hasProgram('g++') && spawnSync('g++', options).status === 0;
}

describeWhere(hasLibrary(), 'libwolfssl-dev', 'wolfSSL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-wolfssl-'));
  const executable = join(folder, 'peer');

  beforeAll(() => {
    const source = join(__dirname, 'peer.cc');
    const options = ['-std=c++17', '-o', executable, source, '-lwolfssl'];
    const built = spawnSync('g++', options, { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`g++: ${built.error?.message ?? built.stderr}`);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const launch = (port: number): Program => new Program(executable, [String(port)]);
  testUpAndDown(launch, 5);
  testEnds(launch);
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, Program } from '../support/programs';
import { testEnds, testUpAndDown } from '../support/scripted-peer';

describeWith('go', "Go's crypto/tls", () => {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-go-'));
  const executable = join(folder, 'peer');

  beforeAll(() => {
    const source = join(__dirname, 'peer.go');
    const env = { ...process.env, GOCACHE: join(folder, 'cache'), GOFLAGS: '', GO111MODULE: 'off' };
    const built = spawnSync('go', ['build', '-o', executable, source], { env, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`go build: ${built.error?.message ?? built.stderr}`);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const launch = (port: number): Program => new Program(executable, [String(port)]);
  testUpAndDown(launch, 5);
  testEnds(launch);
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, Program } from '../support/programs';
import { testEnds, testUpAndDown } from '../support/scripted-peer';

describeWith('javac', "Java's SSLSocket", () => {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-java-'));

  beforeAll(() => {
    const args = ['-d', folder, join(__dirname, 'Peer.java')];
    const { status, error, stderr } = spawnSync('javac', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`javac: ${error?.message ?? stderr}`);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // Each test starts a Java of its own: one that compiles little is up twice as soon.
  const options = ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', folder];
  const launch = (port: number): Program => {
    return new Program('java', [...options, 'Peer', String(port)]);
  };
  testUpAndDown(launch, 5);
  testEnds(launch);
});

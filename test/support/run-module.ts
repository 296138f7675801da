import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(__dirname, '..', '..');

/**
 * Runs statements over an ES module of the checkout, which Jest cannot import, in a process of its own. They see it as
 * `module`, and `input`; what they return comes back, both as JSON.
 */
export function runModule(path: string, input: unknown, statements: readonly string[]): unknown {
  const program = `
    import * as module from ${JSON.stringify(pathToFileURL(join(root, path)).href)};
    const log = console.log;
    console.log = () => {};
    const run = (input) => { ${statements.join('\n')} };
    log(JSON.stringify(run(JSON.parse(process.argv[1]))));
  `;
  const args = ['--input-type=module', '-e', program, JSON.stringify(input)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

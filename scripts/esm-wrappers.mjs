// Writes, beside each CommonJS entry of package.json's `exports`, the ES module that re-exports it.
// One implementation, two doors: both see the same classes, so `instanceof` works across them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const entry of Object.values(entries)) {
  if (typeof entry === 'string') continue;
  const target = join(root, entry.require.default);
  // publint (`npm run lint:package`) reports an entry that is named but not there.
  if (!existsSync(target)) continue;
  const source = `./${basename(entry.require.default)}`;
  const text = `export * from '${source}';\nexport { default } from '${source}';\n`;
  writeFileSync(join(root, entry.import.default), text);
  writeFileSync(join(root, entry.import.types), text);
}

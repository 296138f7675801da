// Makes the compiled addons that the npm package carries: prebuilds/PLATFORM-ARCH/*.node.
//
//   npm run prebuild [-- TARGET ...]     linux-x64 linux-arm64 linux-x64-musl win32-x64
//
// Runs on Debian 12 on x64; linux-arm64-musl, which has to be named, on arm64 too.
// docs/releasing.md says what it needs.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, withStage } from './stage.mjs';
import { TARGETS, USUAL } from './targets.mjs';

/** Takes what prebuildify has made over into the checkout. */
function collect(stage) {
  for (const platform of readdirSync(join(stage, 'prebuilds'))) {
    const from = join(stage, 'prebuilds', platform);
    const to = join(root, 'prebuilds', platform);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) {
      copyFileSync(join(from, name), join(to, name));
      const sha256 = createHash('sha256')
        .update(readFileSync(join(to, name)))
        .digest('hex');
      const size = Math.ceil(statSync(join(to, name)).size / 1024);
      console.log(`prebuilds/${platform}/${name}  ${size} KB  sha256 ${sha256}`);
    }
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
for (const name of names) {
  const build = TARGETS.get(name);
  if (!build) throw new Error(`no target ${name}; there are: ${[...TARGETS.keys()].join(', ')}`);
  withStage((stage) => {
    build(stage);
    collect(stage);
  });
}

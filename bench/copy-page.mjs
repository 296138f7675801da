// Puts what the benchmark's HTML report consists of next to the compiled command: the page's own files, and uPlot with its
// licence. uPlot stays a devDependency that way: an installed package has the plots without the dependency.
import { cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const target = path.join(root, 'dist/cli/bench/page');
const uPlot = path.dirname(createRequire(import.meta.url).resolve('uplot/package.json'));

cpSync(path.join(root, 'src/cli/bench/page'), target, { recursive: true });
mkdirSync(path.join(target, 'vendor'), { recursive: true });
for (const file of ['dist/uPlot.iife.min.js', 'dist/uPlot.min.css', 'LICENSE']) {
  cpSync(path.join(uPlot, file), path.join(target, 'vendor', path.basename(file)));
}

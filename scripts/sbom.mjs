// Prints the package's bill of materials (CycloneDX): its dependencies, as `npm sbom` lists them, and
// what else is inside it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listInside } from './gates/inside.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'];
const { status, stdout, stderr } = spawnSync('npm', args, {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
if (status !== 0) throw new Error(stderr);
const sbom = JSON.parse(stdout);
// npm takes the name of the folder.
sbom.metadata.component.name = manifest.name;
for (const { name, version, license, into } of listInside(root)) {
  sbom.components.push({
    'bom-ref': `inside:${name}`,
    type: 'library',
    name,
    ...(version && { version, purl: `pkg:npm/${name}@${version}` }),
    ...(into && { description: `linked into the binary for ${into}` }),
    licenses: [license.includes(' ') ? { expression: license } : { license: { id: license } }],
  });
}
console.log(JSON.stringify(sbom, null, 2));

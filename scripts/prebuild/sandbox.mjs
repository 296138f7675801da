// Builds run under bubblewrap: in the Debian that the target needs, always at the same path (so
// that two builds give the same bytes), without network, and seeing nothing else of the machine.
import { spawnSync } from 'node:child_process';
import { root } from './stage.mjs';

/** The machine's own system folders, read-only, as a root. */
const HOST_SYSTEM = [
  ...['--ro-bind', '/usr', '/usr'],
  ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
  ...['--ro-bind', '/etc', '/etc'],
];

/**
 * Runs a command in a sandbox.
 * @param {object} options
 * @param {string | null} options.system the folder of a system to run in, or null for the machine's own
 * @param {string} options.stage the folder that becomes /src and the working directory
 * @param {string} options.node a folder with Node's executable and headers, which becomes /node
 * @param {Record<string, string>} options.env
 * @param {readonly [string, string][]} [options.mounts] more folders: from where, to where
 */
export function runInSandbox(command, { system, stage, node, env, mounts = [] }) {
  const args = [
    ...(system ? ['--ro-bind', system, '/'] : HOST_SYSTEM),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    // Mount points have to exist in a read-only root: /mnt and what lies under it can be made.
    ...['--tmpfs', '/mnt', '--bind', stage, '/mnt/src', '--ro-bind', node, '/mnt/node'],
    ...['--ro-bind', `${root}node_modules`, '/mnt/src/node_modules'],
    ...mounts.flatMap(([from, to]) => ['--bind', from, to]),
    ...['--unshare-all', '--die-with-parent', '--clearenv', '--chdir', '/mnt/src'],
    ...Object.entries({ HOME: '/tmp', LC_ALL: 'C.UTF-8', ...env }).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ]),
    ...command,
  ];
  const { status, error } = spawnSync('bwrap', args, { stdio: ['ignore', 2, 'inherit'] });
  if (error) throw new Error(`bwrap: ${error.message} (Debian package: bubblewrap)`);
  if (status !== 0) throw new Error(`failed in the sandbox: ${command.join(' ')}`);
}

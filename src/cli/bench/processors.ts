import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The number of a processor that this process may run on, or undefined where processes can't be tied to one. */
export function firstCpu(): number | undefined {
  if (
    process.platform !== 'linux' ||
    spawnSync('taskset', ['-p', String(process.pid)]).status !== 0
  ) {
    return undefined;
  }
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return allowed ? Number(allowed[1]) : undefined;
}

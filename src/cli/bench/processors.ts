import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The processors of the two ends of a connection; undefined where the system may choose. */
export interface Placement {
  readonly server: number | undefined;
  readonly client: number | undefined;
}

/**
 * - `one`: both ends share a processor. Otherwise the time to wake the other one up hides everything else.
 * - `each in turn`: a processor for each end, and then the other way round. Processors are not equally fast when a machine has
 *   neighbours; left to the system, an end stays on the slow one for as long as its process lives.
 * - `any`: the system chooses.
 */
export type Placing = 'one' | 'each in turn' | 'any';

/** The placements that one run goes through. */
export function placements(placing: Placing): readonly Placement[] {
  const anywhere = { server: undefined, client: undefined };
  const [first, second] = placing === 'any' ? [] : usableCpus();
  if (first === undefined) return [anywhere];
  if (placing === 'one') return [{ server: first, client: first }];
  if (second === undefined) return [anywhere];
  return [
    { server: first, client: second },
    { server: second, client: first },
  ];
}

/** Ties the main thread of a process to a processor; the threads that it already has, V8's among them, stay free. */
export function tie(pid: number, cpu: number): void {
  spawnSync('taskset', ['-cp', String(cpu), String(pid)]);
}

/** The numbers of the processors that this process may run on; none where processes can't be tied to one. */
function usableCpus(): number[] {
  if (
    process.platform !== 'linux' ||
    spawnSync('taskset', ['-p', String(process.pid)]).status !== 0
  ) {
    return [];
  }
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return (allowed?.[1] ?? '').split(',').flatMap((range) => {
    const [low, high = low] = range.split('-').map(Number);
    return low === undefined || high === undefined || Number.isNaN(low + high)
      ? []
      : Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });
}

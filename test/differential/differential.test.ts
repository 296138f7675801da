/**
 * The same scenarios with `node:tls` and with `onion-tls/tls`: events in their
 * order, values and error codes are the same, except where differences.ts
 * gives a reason.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelsThatDiffer, INTENDED_DIFFERENCES } from './differences';
import { allScenarios } from './scenarios/index';
import { makeFixtures } from './support/certificates';
import { type Channels, compileScenarios, type Logs, runScenarios } from './support/run';

const RUN_LIMIT_MS = 240_000;
const node = process.env['ONION_TLS_NODE'] ?? process.execPath;
const implementation = join(__dirname, '../../dist/node-tls/index.js');

let directory: string;
let expected: Logs;
let actual: Logs;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'onion-tls-differential-'));
  const fixtures = join(directory, 'certificates');
  makeFixtures(fixtures);
  const child = compileScenarios(__dirname, join(directory, 'compiled'));
  const run = (module: string): Promise<Logs> =>
    runScenarios({ node, child, fixtures, implementation: module });
  [expected, actual] = await Promise.all([run('node:tls'), run(implementation)]);
}, RUN_LIMIT_MS);

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Without the channels that differ on purpose; what happened to the scenario itself is always compared. */
function compared(log: Channels | undefined, ignored: ReadonlySet<string>): Channels | undefined {
  if (log === undefined) return undefined;
  return Object.fromEntries(Object.entries(log).filter(([channel]) => !ignored.has(channel)));
}

describe('onion-tls/tls behaves as node:tls', () => {
  for (const title of Object.keys(allScenarios)) {
    test(title, () => {
      const ignored = channelsThatDiffer(title);
      expect(expected.get(title)).toBeDefined();
      expect(compared(actual.get(title), ignored)).toEqual(compared(expected.get(title), ignored));
    });
  }
});

test('each intended difference is about a scenario that exists', () => {
  const titles = Object.keys(allScenarios);
  for (const { scenarios } of INTENDED_DIFFERENCES) {
    for (const pattern of scenarios) {
      const start = pattern.replace(/\*$/, '');
      expect(titles.some((title) => title.startsWith(start))).toBe(true);
    }
  }
});

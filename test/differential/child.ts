/**
 * Runs scenarios with one implementation and prints each log as a line of
 * JSON: `node child.js node:tls|PATH [FILTER]`.
 */
import { createRequire } from 'node:module';
import { allScenarios } from './scenarios/index';
import { releaseAll } from './support/resources';
import { type Log, plain, type Scenario, type TLS } from './support/scenario';

const SCENARIO_LIMIT_MS = 10_000;
const RELEASE_LIMIT_MS = 2_000;

type Channels = Record<string, unknown[]>;

let current: Channels = {};

function record(channels: Channels): Log {
  return (channel, event, ...values) => {
    channels[channel] ??= [];
    channels[channel].push([event, ...values.map((value) => plain(value))]);
  };
}

async function runScenario(scenario: Scenario, tls: TLS): Promise<Channels> {
  const channels: Channels = {};
  current = channels;
  const log = record(channels);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log('scenario', 'timeout');
      resolve();
    }, SCENARIO_LIMIT_MS);
  });
  try {
    await Promise.race([scenario(tls, log), expired]);
  } catch (error) {
    log('scenario', 'threw', error);
  }
  clearTimeout(timer);
  const result = structuredClone(channels);
  await releaseAll(RELEASE_LIMIT_MS);
  return result;
}

async function main(): Promise<void> {
  const [name = 'node:tls', filter = ''] = process.argv.slice(2);
  const tls = createRequire(__filename)(name) as TLS;
  process.on('uncaughtException', (error) => record(current)('scenario', 'uncaught', error));
  process.on('warning', () => undefined);
  for (const [title, scenario] of Object.entries(allScenarios)) {
    if (!title.includes(filter)) continue;
    const log = await runScenario(scenario, tls);
    process.stdout.write(`${JSON.stringify({ title, log })}\n`);
  }
  process.exit(0);
}

void main();

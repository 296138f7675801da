/**
 * The chain without sockets, streams or JavaScript, against a loop written by hand over the same OpenSSL and against the
 * cipher alone. They are in an addon of their own, which only a checkout has (bench/README.md says how to build it).
 */
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import type { Engine, EngineSetup, Measurement } from './model';

/** Moves bytes one way through layers in memory and returns the seconds, or a negative number when it fails. */
type Loop = (depth: number, bytes: number, writeSize: number, key: string, cert: string) => number;

const ADDON = path.join(__dirname, '../../../build-cmake/bench/onion_tls_bench.node');

/** `null` where the addon has not been built. */
export function inProcess(setup: EngineSetup): Measurement | null {
  if (!existsSync(ADDON)) return null;
  const loops = require(ADDON) as Record<Engine, Loop>;
  const { engine, depth, bytes, writeSize, identity } = setup;
  const seconds = loops[engine](depth, bytes, writeSize, identity.key, identity.cert);
  if (seconds < 0) throw new Error(`the ${engine} loop failed`);
  return { seconds, operations: bytes / writeSize, bytes, extras: {} };
}

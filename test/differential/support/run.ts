/** Compiles the scenarios, runs them with two implementations and compares the logs. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as ts from 'typescript';

export type Channels = Record<string, unknown[]>;
export type Logs = Map<string, Channels>;

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** Makes JavaScript of `from` in `to`, as Node 20 needs it, and returns the path of the child. */
export function compileScenarios(from: string, to: string): string {
  for (const source of sources(from)) {
    const target = join(to, relative(from, source).replace(/\.ts$/, '.js'));
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true,
      },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return join(to, 'child.js');
}

export interface RunOptions {
  readonly node: string;
  readonly child: string;
  /** `node:tls`, or the path of a module with the same surface. */
  readonly implementation: string;
  readonly fixtures: string;
}

function parseLogs(output: string): Logs {
  const logs: Logs = new Map();
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const { title, log } = JSON.parse(line) as { title: string; log: Channels };
    logs.set(title, log);
  }
  return logs;
}

/** The logs of all scenarios; those after a crash of the child are missing. */
export function runScenarios(options: RunOptions): Promise<Logs> {
  const child = spawn(options.node, [options.child, options.implementation], {
    env: { ...process.env, ONION_TLS_FIXTURES: options.fixtures },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', () => resolve(parseLogs(Buffer.concat(chunks).toString())));
  });
}

/** Programs that upgrade a plain connection, run with `require('tls')` replaced by the drop-in. */

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, freePort, Program, writeFiles } from '../support/programs';
import { ca, cert, key } from './support/site';

const support = join(__dirname, 'support');
const PROGRAM_LIMIT_MS = 60_000;

function program(script: string, args: readonly string[]): Program {
  return new Program(process.execPath, [
    '--require',
    join(support, 'in-place-of-tls.cjs'),
    join(support, script),
    ...args,
  ]);
}

test(
  'nodemailer sends through smtp-server with STARTTLS',
  async () => {
    const files = writeFiles({ ca, key, cert });
    const mail = program('mail.cjs', [files.ca, files.key, files.cert]);
    await mail.exit();
    expect(mail.output).toContain('received 1, secure true, true');
  },
  PROGRAM_LIMIT_MS,
);

/** Debian keeps the programs of the server out of the path. */
function postgresFolder(): string | undefined {
  try {
    const version = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))[0];
    return version === undefined ? undefined : `/usr/lib/postgresql/${version}/bin`;
  } catch {
    return undefined;
  }
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function asDatabaseUser(command: string, args: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, [...args]];
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]];
}

function ownedByDatabaseUser(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { stdout } = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' });
  const group = spawnSync('id', ['-g', 'postgres'], { encoding: 'utf8' }).stdout;
  chownSync(path, Number(stdout), Number(group));
}

const CONFIGURED = /database system is ready to accept connections/;
const folder = postgresFolder() ?? '/usr/lib/postgresql';

describeWith(`${folder}/postgres`, 'pg against PostgreSQL', () => {
  let data: string;

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'onion-tls-postgres-'));
    ownedByDatabaseUser(data);
  });

  afterEach(() => {
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  });

  test(
    'queries over a connection that was upgraded',
    async () => {
      const cluster = join(data, 'cluster');
      const init = ['-D', cluster, '--auth=trust', '--username=tester', '--no-sync'];
      const [initdb, initArgs] = asDatabaseUser(`${folder}/initdb`, init);
      expect(spawnSync(initdb, initArgs).status).toBe(0);
      const files = writeFiles({ ca, key, cert });
      for (const [name, file] of Object.entries({
        'server.key': files.key,
        'server.crt': files.cert,
      })) {
        copyFileSync(file, join(cluster, name));
        chmodSync(join(cluster, name), 0o600);
        ownedByDatabaseUser(join(cluster, name));
      }
      const port = await freePort();
      const options = ['ssl=on', `unix_socket_directories=${data}`, 'listen_addresses=localhost'];
      const [postgres, args] = asDatabaseUser(`${folder}/postgres`, [
        '-D',
        cluster,
        '-p',
        String(port),
        ...options.flatMap((option) => ['-c', option]),
      ]);
      const server = new Program(postgres, args);
      await server.until(CONFIGURED);
      const client = program('database.cjs', [files.ca, String(port)]);
      await client.exit();
      expect(client.output).toContain('ssl true, TLSv1.3, 1000000');
      server.child.kill('SIGINT');
      await server.exit();
    },
    PROGRAM_LIMIT_MS,
  );
});

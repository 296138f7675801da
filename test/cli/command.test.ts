import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onionTLS } from './run-command';

const packageFile = join(__dirname, '..', '..', 'package.json');
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

describe('onion-tls', () => {
  test.each([['--help'], ['-h'], ['help']])('%s lists the commands', async (flag) => {
    const { status, stdout, stderr } = await onionTLS(flag);

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of ['demo', 'bench', 'certs']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
  });

  test.each([[['--version']], [['certs', '--version']]])('%j prints the version', async (args) => {
    expect(await onionTLS(...args)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([['demo'], ['bench'], ['certs']])('%s --help says how it is used', async (name) => {
    for (const flag of ['--help', '-h']) {
      const { status, stdout, stderr } = await onionTLS(name, flag);

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: onion-tls ${name} `));
      expect(stdout).toContain('--json');
    }
  });

  test.each([
    [[], 'a command is missing'],
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['toString'], 'there is no command "toString"'],
    [['certs'], 'an argument is missing'],
    [['certs', 'a', 'b'], 'unexpected argument "b"'],
    [['certs', 'a', '--names', 'x/y'], 'not a host name or an address: "x/y"'],
    [['certs', 'a', '--key-type', 'dsa'], '"dsa" is none of ec-p256'],
    [['certs', 'a', '--days', '0'], 'not a number of days: "0"'],
    [['demo', '--depth', '0'], 'not a number from 1 to 64: "0"'],
    [['demo', '--depth', '1e1'], 'not a number from 1 to 64: "1e1"'],
    [['demo', '--bytes', 'lots'], 'not a number of bytes: "lots"'],
    [['demo', '--frobnicate'], "Unknown option '--frobnicate'"],
    [['demo', 'extra'], 'unexpected argument "extra"'],
    [['demo', '--depth'], 'argument missing'],
  ])('%j ends with status 2 and says why on stderr', async (args, why) => {
    const { status, stdout, stderr } = await onionTLS(...args);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^onion-tls: .*\n$/);
    expect(stderr).toContain(why);
  });
});

/** The options of the `node` command that are about every connection of a process, besides those that set defaults. */
import { appendFile } from 'node:fs';
import type { TLSSocket } from './tls-socket';

const words = [...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/), ...process.execArgv];
const keylogFile = optionOf('--tls-keylog');
const tracesAll = words.includes('--trace-tls');
const warned = new Set<string>();

/** As `--name=value`, or as `--name` and then the value. */
function optionOf(name: string): string | undefined {
  const at = words.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = words[at];
  return word === name ? words[at + 1] : word?.slice(name.length + 1);
}

function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message);
}

/** `--trace-tls`: the default of `enableTrace`. */
export function tracesByDefault(): boolean | undefined {
  if (!tracesAll) return undefined;
  warnOnce('Enabling --trace-tls can expose sensitive data in the resulting log.');
  return true;
}

/** `--tls-keylog`: appends the keys of the connection to the file. */
export function logKeys(socket: TLSSocket): void {
  if (keylogFile === undefined) return;
  const risk = 'makes TLS connections insecure by writing secret key material to file';
  warnOnce(`Using --tls-keylog ${risk} ${keylogFile}`);
  socket.on('keylog', (line: Buffer) => {
    appendFile(keylogFile, line, { mode: 0o600 }, (error) => {
      if (error !== null) warnOnce(`Failed to write TLS keylog: ${error}`);
    });
  });
}

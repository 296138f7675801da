/** The certificates that Node itself would verify peers with. */
import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/** Node 22.15 and newer know their own default set, with what `--use-system-ca` and the like add to it. */
function ownDefaults(): readonly string[] | undefined {
  // Missing in Node 20, whatever the types say.
  const get = tls.getCACertificates as typeof tls.getCACertificates | undefined;
  return get?.('default');
}

function extraCertificates(): string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined || file === '') return [];
  try {
    const text = readFileSync(file, 'latin1');
    return (
      text.match(/-----BEGIN [^-]*CERTIFICATE-----[\s\S]*?-----END [^-]*CERTIFICATE-----/g) ?? []
    );
  } catch (error) {
    // Node itself goes on with a warning as well.
    process.emitWarning(`Ignoring extra certs from \`${file}\`: ${String(error)}`);
    return [];
  }
}

/**
 * The set as it is now. Two calls return the same array while it has not been changed, where Node can say so. Node
 * 20 can't tell about `--use-openssl-ca`: pass `ca` there.
 */
export function defaultCertificates(): readonly string[] {
  return ownDefaults() ?? [...tls.rootCertificates, ...extraCertificates()];
}

/** Whether the set may have changed since it was `loaded`. */
export function haveDefaultsChanged(loaded: readonly string[]): boolean {
  const now = ownDefaults();
  return now !== undefined && now !== loaded;
}

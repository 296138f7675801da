import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './programs';

export const BROWSER_LIMIT_MS = 60_000;

/** The document as it is once a browser without a window has run the scripts of a page. */
export async function documentAfterScripts(url: string): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'onion-tls-chromium-'));
  try {
    const browser = new Program('chromium', [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--ignore-certificate-errors',
      `--user-data-dir=${profile}`,
      '--virtual-time-budget=10000',
      '--dump-dom',
      url,
    ]);
    await browser.exit();
    return Buffer.from(browser.output, 'latin1').toString('utf8');
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A browser against an HTTP server over the drop-in. */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, Program } from '../support/programs';
import { secureServer } from './support/site';

const PAGE = `<!doctype html><title>onion</title><p id="out">waiting</p>
<script>
  fetch('/data', { method: 'POST', body: 'x'.repeat(100000) })
    .then((response) => response.text())
    .then((text) => { document.getElementById('out').textContent = 'got ' + text; });
</script>`;

const BROWSER_LIMIT_MS = 60_000;

describeWith('chromium', 'Chromium against the drop-in', () => {
  let profile: string;

  beforeEach(() => {
    profile = mkdtempSync(join(tmpdir(), 'onion-tls-chromium-'));
  });

  afterEach(() => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  test(
    'loads a page whose script posts data back',
    async () => {
      const server = http.createServer(async (request, response) => {
        if (request.url !== '/data') {
          response.setHeader('content-type', 'text/html');
          return response.end(PAGE);
        }
        let bytes = 0;
        for await (const chunk of request) bytes += (chunk as Buffer).length;
        return response.end(`${bytes} bytes`);
      });
      const port = await secureServer(server);
      const browser = new Program('chromium', [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--ignore-certificate-errors',
        `--user-data-dir=${profile}`,
        '--virtual-time-budget=10000',
        '--dump-dom',
        `https://127.0.0.1:${port}/`,
      ]);
      await browser.exit();
      expect(browser.output).toContain('got 100000 bytes');
    },
    BROWSER_LIMIT_MS,
  );
});

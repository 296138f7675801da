/** A browser against an HTTP server over the drop-in. */
import http from 'node:http';
import { BROWSER_LIMIT_MS, documentAfterScripts } from '../support/chromium';
import { describeWith } from '../support/programs';
import { secureServer } from './support/site';

const PAGE = `<!doctype html><title>onion</title><p id="out">waiting</p>
<script>
  fetch('/data', { method: 'POST', body: 'x'.repeat(100000) })
    .then((response) => response.text())
    .then((text) => { document.getElementById('out').textContent = 'got ' + text; });
</script>`;

describeWith('chromium', 'Chromium against the drop-in', () => {
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
      const page = await documentAfterScripts(`https://127.0.0.1:${port}/`);
      expect(page).toContain('got 100000 bytes');
    },
    BROWSER_LIMIT_MS,
  );
});

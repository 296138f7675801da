/** The benchmark's report in a browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { BROWSER_LIMIT_MS, documentAfterScripts } from '../support/chromium';
import { describeWith } from '../support/programs';
import { onionTLS } from './run-command';

describeWith('chromium', 'the report of onion-tls bench', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'onion-tls-report-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test(
    'draws throughput, CPU and latencies',
    async () => {
      const file = path.join(folder, 'report.html');
      const argv = ['--quick', '--runs', '1', '--depths', '1-2', '--cases', 'small,round-trips'];
      const { status } = await onionTLS('bench', ...argv, '--report', file);
      expect(status).toBe(0);
      const page = await documentAfterScripts(pathToFileURL(file).href);
      const captions = [...page.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, it]) => it);
      expect(captions).toEqual([
        'MB/s, median and range of 1 runs',
        'CPU s/GB, both ends together',
        '1/s, median and range of 1 runs',
        'CPU µs/op, both ends together',
        'Latency at depth 1, µs (logarithmic)',
        'Latency at depth 2, µs (logarithmic)',
      ]);
      expect(page.match(/<canvas/g)).toHaveLength(captions.length);
    },
    2 * BROWSER_LIMIT_MS,
  );
});

/**
 * A page that needs nothing but itself: the results as JSON, uPlot, and the script that draws them.
 *
 * uPlot is a devDependency. The build copies it with its licence next to the page's own files, so that whoever installs the
 * package gets no further dependency.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Environment, Result } from './model';
import { formatEnvironment } from './table';

const PAGE = path.join(__dirname, 'page');

export function createReport(environment: Environment, results: readonly Result[]): string {
  const read = (file: string) => readFileSync(path.join(PAGE, file), 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>onion-tls bench</title>
<style>${read('vendor/uPlot.min.css')}</style>
<style>${read('report.css')}</style>
</head>
<body>
<h1>onion-tls bench</h1>
<p id="environment">${escapeHtml(formatEnvironment(environment))}. ${escapeHtml(environment.date)}</p>
<noscript>The plots need JavaScript.</noscript>
<main id="cases"></main>
<footer>Plots by uPlot.<details><summary>Its licence</summary><pre>${escapeHtml(read('vendor/LICENSE'))}</pre></details></footer>
<script type="application/json" id="data">${escapeScript(JSON.stringify({ environment, results }))}</script>
<script>${read('vendor/uPlot.iife.min.js')}</script>
<script>${read('report.js')}</script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** JSON inside a script element must not be able to end it. */
function escapeScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

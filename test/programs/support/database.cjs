/** Queries a PostgreSQL server over TLS, and says how it went. */
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const tls = require('node:tls');
const { Client } = require('pg');
const { OnionSocket } = require('../../../dist/index.js');

const [caFile, port] = process.argv.slice(2);
assert(tls.TLSSocket.prototype instanceof OnionSocket, 'tls is not the drop-in');

async function main() {
  const client = new Client({
    host: 'localhost',
    port: Number(port),
    user: 'tester',
    database: 'postgres',
    ssl: { ca: readFileSync(caFile, 'utf8') },
  });
  await client.connect();
  const { rows } = await client.query(
    `SELECT ssl, version, repeat('x', 1000000) AS text FROM pg_stat_ssl WHERE pid = pg_backend_pid()`,
  );
  assert(client.connection.stream instanceof OnionSocket, 'the connection is not the drop-in');
  console.log(`ssl ${rows[0].ssl}, ${rows[0].version}, ${rows[0].text.length}`);
  await client.end();
}

main();

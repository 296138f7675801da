/** WebSockets with both ends on the drop-in. */
import { once } from 'node:events';
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { dial, secureServer } from './support/site';

test('ws talks both ways, and closes cleanly', async () => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const port = await secureServer(server);
  const client = new WebSocket(`wss://localhost:${port}/`, {
    // Not a net.Socket, but all of one that ws uses.
    createConnection: () => dial(port) as never,
  });
  await once(client, 'open');
  client.send('text');
  expect(String((await once(client, 'message'))[0])).toBe('text');
  const bytes = Buffer.alloc(300_000, 7);
  client.send(bytes);
  expect(bytes.equals((await once(client, 'message'))[0] as Buffer)).toBe(true);
  client.close(1000, 'done');
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([1000, 'done']);
  sockets.close();
});

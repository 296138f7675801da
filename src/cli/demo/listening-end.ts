/**
 * The listening end of the demo: a process of its own, started by `PeerProcess`.
 * It is sent its plan, answers with the port it listens on, plays, and reports.
 */
import { type AddressInfo, createServer } from 'node:net';
import { describeError } from '../describe-error';
import type { EndPlan } from './plan';
import { play } from './play';

/** What the process says to the one that started it. */
export type PeerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly lines: readonly string[] };

export const HOST = '127.0.0.1';

function listen(plan: EndPlan): void {
  const server = createServer((transport) => {
    server.close();
    play(transport, plan, {}).then(
      () => report({ kind: 'done' }),
      (error: unknown) => report({ kind: 'failed', lines: describeError(error) }),
    );
  });
  server.on('error', (error) => report({ kind: 'failed', lines: describeError(error) }));
  server.listen(0, HOST, () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ kind: 'listening', port } satisfies PeerMessage);
  });
}

function report(message: PeerMessage): void {
  process.send?.(message, () => process.disconnect());
}

if (require.main === module && process.send !== undefined) {
  process.once('message', (plan) => listen(plan as EndPlan));
  // Reached by our own disconnect when all is done, else because the other process is gone.
  process.once('disconnect', () => process.exit());
}

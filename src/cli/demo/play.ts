/**
 * What both ends do: one layer more, move the bytes, until all layers are up;
 * then one layer less, move a few bytes, until none is left. Each end knows the
 * plan, so no word is said about it on the connection.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { OnionSocket, type TLSLayer } from '../../index';
import { Exchange, until } from './exchange';
import type { EndPlan } from './plan';

/** Told of each step; the listening end has nobody to tell. */
export interface Audience {
  /** A layer is up. Later it may be gone at any time: the other end stops some of them. */
  started?(layer: TLSLayer): void;
  progress?(depth: number, moved: number, total: number): void;
  /** The bytes have been moved at this depth, on the way in. */
  wentIn?(depth: number, seconds: number, layer: TLSLayer | null): void;
  /** A layer has been taken off, and bytes moved below it. */
  cameOut?(depth: number, stop: LayerStop): void;
  keylog?(line: Buffer): void;
}

export interface LayerStop {
  /** The number of the layer that is gone. */
  readonly layer: number;
  readonly stoppedHere: boolean;
  readonly reason: string;
  readonly milliseconds: number;
}

/** Longer without a byte from the other end, and the demo has failed. */
const SILENCE = 30_000;

/** Moved before the clock starts, so that the first rows do not measure a cold V8. */
const WARM_UP = 8 * 2 ** 20;

/** Plays one end over a fresh TCP connection, and ends it. Returns how many bytes it moved. */
export async function play(transport: Socket, plan: EndPlan, audience: Audience): Promise<number> {
  const socket = new OnionSocket(transport, { maxDepth: plan.layers.length });
  transport.setNoDelay(true);
  transport.setTimeout(SILENCE, () => {
    socket.destroy(new Error(`nothing came from the other end for ${SILENCE / 1000} seconds`));
  });
  if (audience.keylog !== undefined) socket.on('keylog', audience.keylog);
  const exchange = new Exchange(socket);
  const closings = new Closings(socket, exchange.signal);
  try {
    await exchange.run(Math.min(plan.bytes, WARM_UP));
    const layers = await goIn(socket, exchange, plan, audience);
    await comeOut(socket, exchange, closings, layers, plan, audience);
    await end(socket);
    return exchange.bytesMoved;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Returns the layers, outermost first. */
async function goIn(
  socket: OnionSocket,
  exchange: Exchange,
  { layers, bytes }: EndPlan,
  audience: Audience,
): Promise<TLSLayer[]> {
  const started: TLSLayer[] = [];
  for (let depth = 0; depth <= layers.length; depth += 1) {
    const plan = layers[depth - 1];
    if (plan !== undefined) {
      const layer = await socket.startTLS(plan.options);
      started.push(layer);
      audience.started?.(layer);
    }
    const start = performance.now();
    await exchange.run(bytes, (moved) => audience.progress?.(depth, moved, 2 * bytes));
    const seconds = (performance.now() - start) / 1000;
    audience.wentIn?.(depth, seconds, started.at(-1) ?? null);
  }
  return started;
}

async function comeOut(
  socket: OnionSocket,
  exchange: Exchange,
  closings: Closings,
  layers: readonly TLSLayer[],
  plan: EndPlan,
  audience: Audience,
): Promise<void> {
  for (const layer of [...layers].reverse()) {
    const depth = layer.index - 1;
    const stoppedHere = plan.layers[depth]?.stopsHere === true;
    const start = performance.now();
    const reason = stoppedHere ? (await socket.stopTLS()).reason : await closings.of(layer);
    const milliseconds = performance.now() - start;
    await exchange.run(plan.bytesOut);
    audience.cameOut?.(depth, { layer: layer.index, stoppedHere, reason, milliseconds });
  }
}

/** How layers were closed, kept because the other end may stop one before we come to wait for it. */
class Closings {
  readonly #socket: OnionSocket;
  readonly #signal: AbortSignal;
  readonly #reasons = new Map<TLSLayer, string>();

  constructor(socket: OnionSocket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('layerClose', (layer: TLSLayer, reason: string) => {
      this.#reasons.set(layer, reason);
    });
  }

  async of(layer: TLSLayer): Promise<string> {
    for (;;) {
      const reason = this.#reasons.get(layer);
      if (reason !== undefined) return reason;
      await until(this.#socket, 'layerClose', this.#signal);
    }
  }
}

/** Ends this direction, and waits until the other end has ended its own. */
async function end(socket: OnionSocket): Promise<void> {
  socket.resume();
  socket.end();
  if (!socket.closed) await once(socket, 'close');
  if (socket.errored !== null) throw socket.errored;
}

import { isReadOpen } from './layer-state';
import { emptyList } from './short-list';
import type { TLSLayer } from './tls-layer';

/** A layer that was started while others were being stopped: it comes once they are gone, whatever is asked for later. */
interface Deferred {
  layer: TLSLayer;
  behind: readonly TLSLayer[];
}

/** The layers of one connection in order, the outermost first, and what their states say of the whole. */
export class LayerList {
  /** Same order and numbers as the engines of the chain. */
  protected layers: readonly TLSLayer[] = emptyList();
  /** Started while a layer below was being stopped; not in the chain yet. */
  protected deferred: readonly Deferred[] = emptyList();

  /** The layers that the application sees, the outermost first: those that it can still read from. */
  get visible(): readonly TLSLayer[] {
    return this.known.filter((layer) => isReadOpen(layer.state));
  }

  /** The layer that answers for the connection: the innermost that can still be read from. */
  get innermost(): TLSLayer | undefined {
    return this.layers.findLast((layer) => isReadOpen(layer.state));
  }

  /** How many layers the chain runs, half closed ones too. */
  get count(): number {
    return this.layers.length;
  }

  /** Whether bytes from the transport are plaintext as they are. */
  get isBare(): boolean {
    return this.layers.length === 0;
  }

  /** The layer that the next stopTLS is about: the innermost that nobody has asked to stop. */
  get lastToStop(): TLSLayer | undefined {
    return this.staying.at(-1);
  }

  /** The number that a new layer gets: those that stay are below it. */
  get nextIndex(): number {
    return this.staying.length + 1;
  }

  /** Whether the bytes that come next are for a handshake and not for the application. */
  get isHandshaking(): boolean {
    const top = this.layers.at(-1);
    return top !== undefined && (top.state === 'waiting' || top.state === 'handshaking');
  }

  /** Whether a layer is on its way out, so that what is read is still its plaintext. */
  get isStopping(): boolean {
    return this.stopping.length > 0;
  }

  protected get stopping(): readonly TLSLayer[] {
    return this.known.filter((layer) => layer.stopRequested && isReadOpen(layer.state));
  }

  protected get known(): readonly TLSLayer[] {
    if (this.deferred.length === 0) return this.layers;
    return [...this.layers, ...this.deferred.map(({ layer }) => layer)];
  }

  protected get staying(): readonly TLSLayer[] {
    return this.known.filter((layer) => !layer.stopRequested && isReadOpen(layer.state));
  }

  /** Whether a layer above this one still waits for the peer's close_notify. */
  isBelowStopping(layer: TLSLayer): boolean {
    return this.layers
      .slice(this.levelOf(layer) + 1)
      .some((above) => above.state === 'writeClosed');
  }

  levelOf(layer: TLSLayer): number {
    return this.layers.indexOf(layer);
  }

  /** Whether nothing below the layer is on its way up or down any more. */
  canBegin(layer: TLSLayer): boolean {
    const level = this.levelOf(layer);
    return (
      level >= 0 && this.layers.slice(0, level).every((below) => below.state === 'established')
    );
  }
}

/** A bar on stderr, for people: silent when stderr is not a terminal. */
import type { WriteStream } from 'node:tty';

const BAR = 28;
const INTERVAL = 100;

export class ProgressBar {
  readonly #terminal: WriteStream | null;
  #drawnAt = 0;
  #drawn = false;

  constructor(stream: WriteStream = process.stderr) {
    this.#terminal = stream.isTTY ? stream : null;
  }

  /** Draws at most every tenth of a second. */
  update(label: string, done: number, total: number): void {
    const now = performance.now();
    if (this.#terminal === null || now - this.#drawnAt < INTERVAL) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const full = Math.round(share * BAR);
    const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    this.#terminal.write(`\r\x1b[K${label} ${bar} ${percent}`);
  }

  /** Takes the bar away, so that a line of output can stand in its place. */
  clear(): void {
    if (this.#drawn) this.#terminal?.write('\r\x1b[K');
    this.#drawn = false;
    this.#drawnAt = 0;
  }
}

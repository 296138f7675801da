/**
 * A view of a buffer costs as much as sealing a small record, and messages tend to be of one length: so the last view is
 * kept, which is often the next one as well. It keeps its buffer alive.
 */
export class LastView {
  #buffer: Buffer | null = null;
  #start = 0;
  #view: Buffer = Buffer.alloc(0);

  of(buffer: Buffer, start: number, length: number): Buffer {
    if (this.#buffer !== buffer || this.#start !== start || this.#view.length !== length) {
      this.#buffer = buffer;
      this.#start = start;
      this.#view = buffer.subarray(start, start + length);
    }
    return this.#view;
  }
}

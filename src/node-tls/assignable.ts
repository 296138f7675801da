/**
 * Lets programs assign properties that are plain ones in `node:tls` and come from a getter here: the value takes the place
 * of the getter, on that object. Without a setter, assigning throws in strict mode.
 */
export function makeAssignable(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      ...Object.getOwnPropertyDescriptor(prototype, name),
      set(value: unknown) {
        const plain = { value, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(this, name, plain);
      },
    });
  }
}

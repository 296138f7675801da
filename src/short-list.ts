/**
 * Lists of a connection that have nothing most of the time: all connections share the empty one, and none has room to spare
 * (an array that is pushed to takes room for seventeen).
 */
const EMPTY: readonly never[] = [];

export function emptyList<T>(): readonly T[] {
  return EMPTY;
}

export function listWith<T>(list: readonly T[], item: T): readonly T[] {
  return list.concat([item]);
}

export function listWithout<T>(list: readonly T[], item: T): readonly T[] {
  const rest = list.filter((other) => other !== item);
  return rest.length === 0 ? EMPTY : rest;
}

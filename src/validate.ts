/** Checks of arguments that fail as Node's own do: same classes, codes and wording. */
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';

interface CodedError extends Error {
  code: string;
}

function coded<T extends Error>(error: T, code: string): T & CodedError {
  return Object.assign(error, { code });
}

function kindOf(name: string): 'property' | 'argument' {
  return name.includes('.') ? 'property' : 'argument';
}

function received(value: unknown): string {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === 'function') return `Received function ${value.name}`;
  if (typeof value === 'object') {
    const name: unknown = value.constructor?.name;
    if (typeof name === 'string' && name !== '') return `Received an instance of ${name}`;
    return `Received ${inspect(value, { depth: -1 })}`;
  }
  const text = inspect(value, { colors: false });
  return `Received type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
}

/** @param expected - as in "must be … ": `'of type string'`, `'an instance of Buffer'` */
export function invalidArgType(name: string, expected: string, value: unknown): TypeError {
  const message = `The "${name}" ${kindOf(name)} must be ${expected}. ${received(value)}`;
  return coded(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): TypeError {
  const text = inspect(value);
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text;
  const message = `The ${kindOf(name)} '${name}' ${reason}. Received ${shown}`;
  return coded(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`;
  return coded(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/** A TypeError with one of Node's codes that is thrown from one place only. */
export function typeErrorWithCode(code: string, message: string): TypeError {
  return coded(new TypeError(message), code);
}

export function validateObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgType(name, 'of type object', value);
  }
}

export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
}

export function validateNumber(
  value: unknown,
  name: string,
  min: number,
  max = Number.POSITIVE_INFINITY,
): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (value >= min && value <= max) return;
  throw outOfRange(name, max === Infinity ? `>= ${min}` : `>= ${min} && <= ${max}`, value);
}

export function validateInteger(
  value: unknown,
  name: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  validateNumber(value, name, min, max);
}

/** Whether it is a Buffer, a TypedArray or a DataView. */
export function isBytes(value: unknown): value is NodeJS.ArrayBufferView {
  return ArrayBuffer.isView(value);
}

export function validateBytes(
  value: unknown,
  name: string,
): asserts value is NodeJS.ArrayBufferView {
  if (!isBytes(value)) {
    throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', value);
  }
}

/** The same memory as bytes. */
export function toBytes(view: NodeJS.ArrayBufferView): Uint8Array {
  if (view instanceof Uint8Array) return view;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The value, or the default where it is `undefined`. */
export function optionalBoolean(value: unknown, name: string, ifAbsent = false): boolean {
  if (value === undefined) return ifAbsent;
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
  return value;
}

export function optionalInteger(
  value: unknown,
  name: string,
  ifAbsent: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return ifAbsent;
  validateInteger(value, name, min, max);
  return value;
}

export function optionalChoice<T extends string>(
  value: unknown,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  if (value === undefined) return choices[0];
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    const list = choices.map((choice) => inspect(choice)).join(', ');
    throw invalidArgValue(name, value, `must be one of: ${list}`);
  }
  return found;
}

/** A function or nothing; the type of the function is what the option is declared as. */
export function optionalFunction<T>(value: T, name: string): NonNullable<T> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
  return value;
}

export function optionalSignal(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || !('aborted' in value)) {
    throw invalidArgType(name, 'an instance of AbortSignal', value);
  }
  return value as AbortSignal;
}

/** What `setEncoding` has been told. Streams of packages, such as readable-stream, do not all have that property. */
export function encodingOf(stream: Duplex): BufferEncoding | null {
  const inside = stream as unknown as { _readableState?: { encoding?: BufferEncoding | null } };
  return stream.readableEncoding ?? inside._readableState?.encoding ?? null;
}

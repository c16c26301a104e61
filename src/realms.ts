/**
 * What a value is, whatever realm it comes from. A test runner (Jest, vitest's vm pools) runs each test in a context of
 * its own, which has its own `Array`, `Map`, `Error` and `Float32Array`; the addon, Node's own modules and TensorFlow's
 * addon make theirs in the main one. `instanceof` of such a class is false across the two (test/shape.test.ts finds
 * it). Timers and encoders are imported from Node's modules for a like reason: the globals may be a test's fakes, or
 * not there at all (jsdom).
 */
import { types } from 'node:util';

/** An object literal, or one without a prototype. */
export function isLiteral(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || isRoot(prototype);
}

/** The `Object.prototype` of some realm. */
export function isRoot(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return types.isMap(value);
}

export function isSet(value: unknown): value is ReadonlySet<unknown> {
  return types.isSet(value);
}

/** A Uint8Array, or a Buffer. */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

/** A copy of a typed array. Not by its own `slice`: that of a Buffer copies nothing. */
export function copyOf<A extends ArrayBufferView>(array: A): A {
  return Float32Array.prototype.slice.call(array) as ArrayBufferView as A;
}

/** Without a view on it; a SharedArrayBuffer too. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return types.isAnyArrayBuffer(value);
}

/** A typed array of this name; of a class derived from it, too. */
export function isArrayOf<A extends ArrayBufferView>(name: string, value: unknown): value is A {
  return types.isTypedArray(value) && value[Symbol.toStringTag] === name;
}

/** Anything that can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { then?: unknown }).then === 'function';
}

/** Also what is thrown in place of one: a DOMException, the error of another library's class. */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  const { name, message } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Error>;
  return typeof name === 'string' && typeof message === 'string';
}

/** Also one of jsdom, or of a polyfill. */
export function isSignal(value: unknown): value is AbortSignal {
  const signal = (typeof value === 'object' && value !== null ? value : {}) as Partial<AbortSignal>;
  return typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

/** What to call it in a message. */
export function classOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return value.constructor?.name || 'an object';
}

/**
 * What a value is, in whatever realm it was made. A test runner (Jest, vitest's vm pools) runs each test in a context
 * with its own `Array`, `Map`, `Error` and `Float32Array`, while the addon, Node's modules and TensorFlow's addon use
 * those of the main context. `instanceof` is false across the two (test/shape.test.ts finds it). For a similar reason
 * timers and encoders are imported from Node's modules: the globals may be replaced by a test, or missing (jsdom).
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

/** A copy of a typed array. Its own `slice` is not used, because a Buffer's copies nothing. */
export function copyOf<A extends ArrayBufferView>(array: A): A {
  return Float32Array.prototype.slice.call(array) as ArrayBufferView as A;
}

/** An ArrayBuffer or SharedArrayBuffer itself, not a view of one. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return types.isAnyArrayBuffer(value);
}

/** A typed array with this name, or of a class derived from it. */
export function isArrayOf<A extends ArrayBufferView>(name: string, value: unknown): value is A {
  return types.isTypedArray(value) && value[Symbol.toStringTag] === name;
}

/** Anything that can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { then?: unknown }).then === 'function';
}

/** Also an object that is thrown in place of an Error: a DOMException, or the error class of another library. */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  const { name, message } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Error>;
  return typeof name === 'string' && typeof message === 'string';
}

/** Also an AbortSignal of jsdom or of a polyfill. */
export function isSignal(value: unknown): value is AbortSignal {
  const signal = (typeof value === 'object' && value !== null ? value : {}) as Partial<AbortSignal>;
  return typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

/** What a message calls the value. */
export function classOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return value.constructor?.name || 'an object';
}

/**
 * Keras's JSON: ordinary JSON in which tuples and shapes are objects, `{"class_name": "__tuple__", "items": […]}`
 * (tf_keras/src/saving/legacy/saved_model/json_utils.py).
 */
import { TensorBundleError } from '../../../errors.js';
import { valuesInJson } from './json-limits.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** An object in Keras's JSON: the name of its class, and what that is made from. */
export interface KerasObject {
  readonly className: string;
  readonly config: JsonObject;
  /** Where Python has the class. Only Keras 3 says it. */
  readonly module?: string;
}

/** Far above any real model, whose JSON is about six levels deep for each model within a model. */
const MAX_DEPTH = 256;
/** Of the text. Models of thousands of layers have a few million. */
const MAX_LENGTH = 32 * 1024 ** 2;
/** Values in it, which need more memory than their text. */
const MAX_VALUES = 4_000_000;
/** Objects that stand for a list. */
const LISTS: readonly unknown[] = ['__tuple__', 'TensorShape'];
/** Objects that stand for the value in their configuration. */
const VALUES: readonly unknown[] = ['__numpy__', '__tensor__', '__bytes__'];
/**
 * Python writes these numbers, which JSON does not know. Texts are in the pattern to be passed over; also one without
 * an end, which would be looked for again from each of its quotes.
 */
const NUMBERS = /"(?:[^"\\]|\\.)*"?|-?\bInfinity\b|\bNaN\b/g;

/**
 * Throws ERR_CORRUPT for a text that is not the JSON of an object, or is nested too deeply; ERR_TOO_LARGE for one that
 * would need too much memory.
 */
export function parseKerasJson(text: string, path: string): JsonObject {
  if (text.length > MAX_LENGTH) throw tooLarge(path, 'characters', MAX_LENGTH, text.length);
  const values = valuesInJson(text);
  if (values === null) throw tooDeep(path);
  if (values > MAX_VALUES) throw tooLarge(path, 'values', MAX_VALUES, values);
  const json = plain(parsed(text, path), 0, path);
  if (isObject(json)) return json;
  throw notKerasJson(path, 'is not an object');
}

function parsed(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    try {
      return JSON.parse(text.replace(NUMBERS, asJson)) as Json;
    } catch {
      throw notKerasJson(path, 'is not JSON', cause);
    }
  }
}

function asJson(token: string): string {
  if (token === 'NaN') return 'null';
  return token.startsWith('"') ? token : token.replace('Infinity', '1e999');
}

function plain(value: Json, depth: number, path: string): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw tooDeep(path);
  if (isList(value)) return value.map(item => plain(item, depth + 1, path));
  const { class_name: className, items, config } = value;
  if (LISTS.includes(className)) return isList(items) ? plain(items, depth + 1, path) : null;
  if (VALUES.includes(className)) return isObject(config) ? plain(config.value ?? null, depth + 1, path) : null;
  // Keras 2 writes numbers of numpy so.
  if (value.type === 'ndarray' && 'value' in value) return plain(value.value ?? null, depth + 1, path);
  // TensorFlow.js copies the keys of configurations into objects, where this one would set the prototype.
  if (Object.hasOwn(value, '__proto__')) throw notKerasJson(path, "has an object with the key '__proto__'");
  const entries = Object.entries(value as Record<string, Json>);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item, depth + 1, path)]));
}

function tooLarge(path: string, unit: string, expected: number, found: number): TensorBundleError {
  const what = `what ${path} says about the model is larger than any real model`;
  return new TensorBundleError('ERR_TOO_LARGE', `${what}: ${found} ${unit}`, { path, expected, found });
}

function tooDeep(path: string): TensorBundleError {
  return notKerasJson(path, `is nested more than ${MAX_DEPTH} levels deep`);
}

function notKerasJson(path: string, why: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `what ${path} says about the model ${why}; it is damaged`, {
    path,
    cause,
  });
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Undefined for a value of another form. A missing configuration counts as an empty one. */
export function kerasObject(value: Json | undefined): KerasObject | undefined {
  if (!isObject(value)) return undefined;
  const { class_name: className, config, module, registered_name: registered } = value;
  if (typeof className !== 'string') return undefined;
  // A function is an object of this class, and its name is the configuration.
  const name = className === 'function' ? text(config, text(registered, className)) : className;
  return { className: name, config: isObject(config) ? config : {}, module: text(module, '') };
}

/** The name of a class without the package that `register_keras_serializable` puts before it: `Custom>Adam`. */
export function plainName(className: string): string {
  return className.slice(className.lastIndexOf('>') + 1);
}

/** The name of a layer; '' if it has none. */
export function layerName(value: Json | undefined): string {
  if (!isObject(value)) return '';
  return text(isObject(value.config) ? value.config.name : undefined, text(value.name, ''));
}

export function text(value: Json | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

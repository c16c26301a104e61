/**
 * Keras's JSON: ordinary JSON in which tuples and shapes are objects, `{"class_name": "__tuple__", "items": […]}`
 * (tf_keras/src/saving/legacy/saved_model/json_utils.py).
 */
import { TensorBundleError } from '../../../errors.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** An object in Keras's JSON: the name of its class, and what that is made from. */
export interface KerasObject {
  readonly className: string;
  readonly config: JsonObject;
}

/** Far above any real model, whose JSON is about six levels deep for each model within a model. */
const MAX_DEPTH = 256;
/** Objects that stand for a list. */
const LISTS: readonly unknown[] = ['__tuple__', 'TensorShape'];

/** Throws ERR_CORRUPT for a text that is not the JSON of an object, or is nested too deeply. */
export function parseKerasJson(text: string, path: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw notKerasJson(path, 'is not JSON', cause);
  }
  const json = plain(parsed as Json, 0, path);
  if (isObject(json)) return json;
  throw notKerasJson(path, 'is not an object');
}

function plain(value: Json, depth: number, path: string): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw notKerasJson(path, `is nested more than ${MAX_DEPTH} levels deep`);
  if (isList(value)) return value.map(item => plain(item, depth + 1, path));
  if (LISTS.includes(value.class_name)) return isList(value.items) ? plain(value.items, depth, path) : null;
  const entries = Object.entries(value as Record<string, Json>);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item, depth + 1, path)]));
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
  const { class_name: className, config } = value;
  if (typeof className !== 'string') return undefined;
  return { className, config: isObject(config) ? config : {} };
}

/** The name of a class without the package that `register_keras_serializable` puts before it: `Custom>Adam`. */
export function plainName(className: string): string {
  return className.slice(className.lastIndexOf('>') + 1);
}

export function text(value: Json | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/**
 * The configuration of a layer that is in no model's JSON, such as one that a user-defined layer holds, in the spelling
 * of Python. TensorFlow.js spells only whole models so.
 */
import type { Layer } from '../../../../layers/types.js';
import { type Json, snakeCase } from './keras-classes.js';

/** What TensorFlow.js writes for options of Python that are strings: `channelsLast`, `hardSigmoid`. */
const OPTION = /^[a-z]+(?:[A-Z][a-z0-9]*)+$/;
/** Names of classes and layers are as they are. */
const NAMES: ReadonlySet<string> = new Set(['name', 'className']);

export function pythonConfig(layer: Layer): Json {
  return spelled(layer.getConfig()) as Json;
}

function spelled(value: unknown, key = ''): unknown {
  if (value === undefined) return null;
  if (typeof value === 'string') return OPTION.test(value) && !NAMES.has(key) ? snakeCase(value) : value;
  // Lists of strings are names of layers.
  if (Array.isArray(value)) return value.map((item: unknown) => (typeof item === 'string' ? item : spelled(item)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snakeCase(name), spelled(item, name)]));
}

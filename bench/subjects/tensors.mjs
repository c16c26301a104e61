/** The tensors of a request's `layout`. All differ, and each has its own memory, which has been written to. */

/** The name of the checkpoint in each measured folder, for every subject and peer. */
export const PREFIX = 'model';
/** 16 MiB of random values; larger tensors repeat them. */
const BASE = 2 ** 22;

export const tensorName = i => `layer-${i}/kernel/.ATTRIBUTES/VARIABLE_VALUE`;

/**
 * `{ count, bytes }`: `count` tensors of one dimension, `bytes` in all. `{ shapes }`: one tensor for each. `{ strings,
 * length }`: one tensor of strings. All but strings are float32.
 */
export function makeTensors(layout) {
  if (layout.strings !== undefined) return [makeStrings(layout)];
  const shapes = layout.shapes ?? Array(layout.count).fill([layout.bytes / 4 / layout.count]);
  const sizes = shapes.map(shape => shape.reduce((a, b) => a * b, 1));
  const base = randomValues(Math.min(BASE, Math.max(...sizes)));
  return shapes.map((shape, i) => ({ name: tensorName(i), dtype: 'float32', shape, data: filled(sizes[i], base, i) }));
}

export function layoutBytes(tensors) {
  return tensors.reduce((sum, { data }) => sum + (data.byteLength ?? data.reduce((a, text) => a + text.length, 0)), 0);
}

function makeStrings({ strings, length }) {
  const data = Array.from({ length: strings }, (_, i) => `${i}-`.padEnd(length, 'abcdefghij'));
  return { name: tensorName(0), dtype: 'string', shape: [strings], data };
}

function randomValues(length) {
  const values = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return values;
}

function filled(length, base, i) {
  const data = new Float32Array(length);
  for (let at = 0; at < length; at += base.length) data.set(base.subarray(0, Math.min(base.length, length - at)), at);
  if (length > 0) data[0] = i;
  return data;
}

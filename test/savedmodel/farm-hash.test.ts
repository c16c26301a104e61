/** The hash of a SavedModel's files is TensorFlow's, for every length that is treated differently. */
import { expect, it } from 'vitest';
import { atOnce } from '../../src/format/turns.js';
import { fingerprint64 } from '../../src/training/savedmodel/written/farm-hash.js';
import { runPython } from '../oracle/python.js';

const LENGTHS = [...Array(70).keys(), 127, 128, 129, 192, 1000, 70_000, 600_000];

it('fingerprint64 is tf.fingerprint', async () => {
  const code = `
import tensorflow as tf
for n in ${JSON.stringify(LENGTHS)}:
    data = bytes((i * 7 + n) % 256 for i in range(n))
    print(int.from_bytes(tf.fingerprint([data]).numpy()[0].tobytes(), "little"))
`;
  const expected = (await runPython({ code })).trim().split('\n');
  const found = LENGTHS.map(n => atOnce(fingerprint64(Uint8Array.from({ length: n }, (_, i) => (i * 7 + n) % 256))));
  expect(found.map(String)).toEqual(expected);
  // Bytes that do not begin at a word.
  const last = LENGTHS.at(-1)!;
  const shifted = Uint8Array.from({ length: last + 3 }, (_, i) => (i - 3) * 7 + last);
  expect(String(atOnce(fingerprint64(shifted.subarray(3))))).toBe(expected.at(-1));
});

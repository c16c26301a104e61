/**
 * Writes an HDF5 file of gigabytes that is never in memory, reads it again with this package's reader, and prints how
 * much memory each took: joined into one script, because the package does not export what it calls. argv[2]: path;
 * argv[3]: GiB; argv[4]: 'durable' or not.
 */
import { nextCall } from '../../src/commit/call-order.js';
import { publishFile } from '../../src/commit/single-file/publish-file.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import type { DatasetToWrite } from '../../src/hdf5/writing/content.js';
import { planHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
import { openFileRange } from './open-ranges.js';

const [path, gibibytes, durable] = [process.argv[2]!, Number(process.argv[3]), process.argv[4] === 'durable'];
const ROW = 2 ** 20;
/** One tensor has half of the bytes, the others a sixteenth each. */
const rows = [8, 1, 1, 1, 1, 1, 1, 1, 1].map(part => (part * gibibytes * 1024) / 16);

const startOf = (tensor: number, row: number): number => 10_000 * tensor + row;

/** Each row begins with its number. The memory is used again and again. */
async function* pieces(tensor: number): AsyncGenerator<Uint8Array> {
  const piece = new Float32Array(ROW / 4);
  for (let row = 0; row < rows[tensor]!; row++) {
    piece[0] = startOf(tensor, row);
    yield new Uint8Array(piece.buffer);
  }
}

const MiB = (bytes: number): number => Math.round(bytes / 2 ** 20);
const peak = (): number => MiB(process.resourceUsage().maxRSS * 1024);

const datasets = rows.map((count, i): [string, DatasetToWrite] => [
  `${i}`,
  { dtype: 'float32', shape: [count, ROW / 4], data: () => pieces(i) },
]);
const plan = planHdf5({ children: new Map([['vars', { children: new Map(datasets) }]]) }, path);
const before = peak();
const begun = performance.now();
await publishFile(path, { durable, call: nextCall() }, plan);
const written = performance.now();
const writing = peak() - before;
const range = await openFileRange(path);
const file = await openHdf5(range);
for (const [i, count] of rows.entries()) {
  const dataset = await file.at(`vars/${i}`);
  if (dataset?.kind !== 'dataset') throw new Error(`vars/${i} is missing`);
  let at = 0;
  for await (const piece of file.pieces(dataset)) {
    const values = new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4);
    for (let j = 0; j < values.length; j++, at++) {
      const expected = at % (ROW / 4) === 0 ? startOf(i, at / (ROW / 4)) : 0;
      if (values[j] !== expected) throw new Error(`vars/${i}: element ${at} is ${values[j]}, not ${expected}`);
    }
  }
  if (at !== (count * ROW) / 4) throw new Error(`vars/${i} has ${at} elements`);
}
const seconds = Math.round(written - begun) / 1000;
console.log(JSON.stringify({ bytes: plan.bytes, writing, both: peak() - before, seconds, before }));

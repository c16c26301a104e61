/** The values of datasets: many together in the order of the file, or one in pieces. */
import { TensorBundleError } from '../../errors.js';
import { swapBytes } from '../../format/byteswap.js';
import { dtypeInfo, type NumericArray, type TensorValue, tensorValue } from '../../format/dtypes.js';
import { copyOf } from '../../realms.js';
import { makeArray } from '../../storage/arrays.js';
import type { ReadMemory } from '../../storage/read-memory.js';
import { readChunks } from './chunks.js';
import { Fields } from './fields.js';
import type { PlainDataset } from './plain-objects.js';
import { withoutFilling } from './text.js';
import { noTensorError, requireFewTexts } from './value-limits.js';

/** A batch ends at this many bytes or datasets, so that an abort is noticed soon. */
const BATCH_BYTES = 128 * 1024 * 1024;
const BATCH_DATASETS = 4096;

/** The values, in the order of `datasets`. */
export async function readValues(datasets: readonly PlainDataset[], memory: ReadMemory): Promise<TensorValue[]> {
  const values = new Array<TensorValue>(datasets.length);
  const order = datasets.map((_, i) => i).sort((a, b) => placeOf(datasets[a]!) - placeOf(datasets[b]!));
  for (let from = 0, to = 0; from < order.length; from = to) {
    for (let bytes = 0; to < order.length && to - from < BATCH_DATASETS; to++) {
      bytes += datasets[order[to]!]!.bytes;
      if (to > from && bytes > BATCH_BYTES) break;
    }
    const part = order.slice(from, to);
    const read = await readBatch(
      part.map(i => datasets[i]!),
      memory,
    );
    for (const [k, i] of part.entries()) values[i] = read[k]!;
  }
  return values;
}

/** Of one dataset, in pieces of whole elements; those of a dataset in chunks are in memory together. */
export async function* readPieces(
  dataset: PlainDataset,
  bytes: number,
  memory: ReadMemory,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { type, storage } = dataset.content;
  const step = Math.max(type.size, bytes - (bytes % type.size));
  if (dataset.dtype === 'string') {
    const [text] = await readValues([dataset], memory);
    yield* text!.data as readonly Uint8Array[];
    return;
  }
  const whole =
    storage.kind === 'chunks' ? bytesOf((await readValues([dataset], memory))[0]!.data as NumericArray) : null;
  for (let at = 0; at < dataset.bytes; at += step) {
    const length = Math.min(step, dataset.bytes - at);
    if (whole !== null) {
      yield whole.subarray(at, at + length);
      continue;
    }
    dataset.parts.structures.requireOpen();
    const piece = new Uint8Array(length);
    if (storage.kind === 'row') await readRows([dataset], [piece], at);
    else fill(dataset, piece);
    if (type.isSwapped) swapBytes(piece, dtypeInfo(dataset.dtype).unit);
    yield piece;
  }
}

function placeOf({ content: { storage } }: PlainDataset): number {
  if (storage.kind === 'none') return 0;
  return storage.kind === 'row' ? storage.offset : storage.tree;
}

async function readBatch(datasets: readonly PlainDataset[], memory: ReadMemory): Promise<TensorValue[]> {
  datasets[0]!.parts.structures.requireOpen();
  const arrays = datasets.map(dataset => arrayFor(dataset, memory));
  const rows = datasets.map((_, i) => i).filter(i => datasets[i]!.content.storage.kind === 'row');
  await readRows(
    rows.map(i => datasets[i]!),
    rows.map(i => arrays[i]!),
    0,
  );
  const values: TensorValue[] = [];
  for (const [i, dataset] of datasets.entries()) values.push(await valueIn(dataset, arrays[i]!));
  return values;
}

function arrayFor(dataset: PlainDataset, memory: ReadMemory): NumericArray {
  const { dtype, path, shape, bytes } = dataset;
  if (dtype === 'unknown') throw noTensorError(pathOf(dataset), dataset);
  if (dtype !== 'string') return memory.array(path, dtypeInfo(dtype), shape);
  requireFewTexts(pathOf(dataset), dataset);
  return makeArray(path, bytes, () => new Uint8Array(bytes));
}

/** Reads datasets that lie in a row, each from its byte `at` on. */
async function readRows(
  datasets: readonly PlainDataset[],
  arrays: readonly ArrayBufferView[],
  at: number,
): Promise<void> {
  if (datasets.length === 0) return;
  const { range } = datasets[0]!.parts.structures;
  const offsets = datasets.map(({ content: { storage } }) => (storage.kind === 'row' ? storage.offset + at : 0));
  const { failed } = await range.file.readRanges(offsets, arrays);
  for (const [i, error] of failed) throw naming(datasets[i]!, error);
}

/** The value, from what lies in the file. */
async function valueIn(dataset: PlainDataset, array: NumericArray): Promise<TensorValue> {
  const { dtype, shape, content } = dataset;
  if (dtype === 'unknown') throw noTensorError(pathOf(dataset), dataset);
  if (content.storage.kind !== 'row') {
    const bytes = bytesOf(array);
    fill(dataset, bytes);
    if (content.storage.kind === 'chunks') await readChunks(dataset, content.storage, bytes);
  }
  if (dtype === 'string') return tensorValue(dtype, shape, await textsOf(dataset, bytesOf(array)));
  if (content.type.isSwapped) swapBytes(bytesOf(array), dtypeInfo(dtype).unit);
  return tensorValue(dtype, shape, array);
}

async function textsOf({ content, parts }: PlainDataset, bytes: Uint8Array): Promise<Uint8Array[]> {
  const { text, size } = content.type;
  const { structures, heap } = parts;
  const texts: Uint8Array[] = [];
  let left = structures.size;
  const references = new Fields(bytes, { path: structures.range.path }, structures.widths);
  for (let at = 0; at < bytes.length; at += size) {
    if (text !== 'variable') {
      texts.push(withoutFilling(bytes.subarray(at, at + size), text!));
      continue;
    }
    const found = await heap.text(references);
    left -= found.length;
    if (left < 0) throw references.corrupt('the texts of a dataset have more bytes than the file');
    texts.push(copyOf(found));
  }
  return texts;
}

/** What was never written. */
function fill({ content }: PlainDataset, bytes: Uint8Array): void {
  const { fill: value, type } = content;
  if (value === null) return void bytes.fill(0);
  for (let at = 0; at < bytes.length; at += type.size) bytes.set(value, at);
}

function bytesOf(array: NumericArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Of its file. */
function pathOf({ parts }: PlainDataset): string {
  return parts.structures.range.path;
}

function naming(dataset: PlainDataset, error: Error): Error {
  if (!(error instanceof TensorBundleError)) return error;
  const { code, message, offset, expected, found, cause } = error;
  const details = { path: pathOf(dataset), tensor: dataset.path, offset, expected, found, cause };
  return new TensorBundleError(code, `dataset '${dataset.path}': ${message}`, details);
}

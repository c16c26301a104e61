/** An HDF5 file with one number everywhere in it, saved as a single file, and which of them a path holds. */
import { existsSync, readFileSync } from 'node:fs';
import { nextCall } from '../../src/commit/call-order.js';
import { type FileContent, type FileSaveOptions, publishFile } from '../../src/commit/single-file/publish-file.js';
import type { DatasetToWrite, GroupToWrite } from '../../src/hdf5/writing/content.js';
import { planHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';

/** Several parts of what is written at once. */
const LARGE = 1_400_000;

export function contentOf(k: number, large = LARGE): FileContent {
  const filled = (shape: readonly number[]): DatasetToWrite => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(k);
    return { dtype: 'float32', shape, data: () => new Uint8Array(values.buffer) };
  };
  const layer: GroupToWrite = {
    children: new Map([
      ['kernel', filled([large / 100, 100])],
      ['bias', filled([7])],
    ]),
  };
  return planHdf5({ attributes: new Map([['k', { text: `${k}` }]]), children: new Map([['layer', layer]]) }, 'k.h5');
}

export function saveAt(path: string, k: number, options: Partial<FileSaveOptions> = {}, large = LARGE): Promise<void> {
  return publishFile(path, { durable: true, call: nextCall(), ...options }, contentOf(k, large));
}

const known = new Map<string, Buffer>();

export async function bytesOfFile(k: number, large = LARGE): Promise<Buffer> {
  const key = `${k} ${large}`;
  if (!known.has(key)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of contentOf(k, large).pieces()) pieces.push(piece);
    known.set(key, Buffer.concat(pieces));
  }
  return known.get(key)!;
}

/** Null if there is no file. Throws if it is none of these, whole. */
export async function numberIn(path: string, among: readonly number[], large = LARGE): Promise<number | null> {
  if (!existsSync(path)) return null;
  const found = readFileSync(path);
  for (const k of among) if ((await bytesOfFile(k, large)).equals(found)) return k;
  throw new Error(`${path} has ${found.byteLength} bytes, and is none of ${among}`);
}

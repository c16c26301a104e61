/** Reads all of a file that may be hostile, within bounds, and judges how that ends. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { TensorBundleError } from '../../src/errors.js';
import type { Hdf5File } from '../../src/hdf5/hdf5-file.js';
import { OtherReader } from '../../src/hdf5/reading/other-reader.js';
import { PlainFile } from '../../src/hdf5/reading/plain-file.js';
import { rangeOf } from './open-files.js';

/** How a file may end that somebody has damaged. */
const CODES = [
  'ERR_CORRUPT',
  'ERR_TRUNCATED',
  'ERR_TOO_LARGE',
  'ERR_NOT_SUPPORTED',
  'ERR_NOT_A_CHECKPOINT',
  'ERR_DTYPE',
];
const MAX_OBJECTS = 300;
/** Larger values are not asked for: whoever asks knows the shape that a model wants. */
const MAX_VALUE_BYTES = 4 * 1024 * 1024;

export const FIXTURES = ['old.h5', 'latest.h5', 'keras3.weights.h5', 'keras3.h5', 'keras2.h5'] as const;

export function fixture(name: (typeof FIXTURES)[number]): Buffer {
  return readFileSync(new URL(`../fixtures/hdf5/${name}`, import.meta.url));
}

export interface Outcome {
  /** The code of each error. An empty list: all could be read. */
  readonly codes: string[];
  readonly messages: string[];
  readonly objects: number;
  /** Bytes that were read of the file. */
  readonly bytes: number;
  readonly ms: number;
}

/** h5wasm stays away: what it does with such files happens in its own thread (compiled.test.ts). */
function openPlain(bytes: Uint8Array, read: { bytes: number }): Promise<Hdf5File> {
  const other = new OtherReader(async what => {
    throw new TensorBundleError('ERR_NOT_SUPPORTED', what);
  });
  return other.instead<Hdf5File>(
    () => PlainFile.open(rangeOf(bytes, read), undefined, other),
    async file => file,
  );
}

/** Everything in a file, as far as it can be reached. Throws what no file may cause. */
export async function readHostile(bytes: Uint8Array, open: typeof openPlain = openPlain): Promise<Outcome> {
  const codes: string[] = [];
  const messages: string[] = [];
  const read = { bytes: 0 };
  const started = performance.now();
  let objects = 0;
  const attempt = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof TensorBundleError) || !CODES.includes(error.code)) throw error;
      codes.push(error.code);
      messages.push(error.message);
      return undefined;
    }
  };
  const file = await attempt(() => open(bytes, read));
  const queue = file === undefined ? [] : [{ object: file.root as Awaited<ReturnType<Hdf5File['at']>>, depth: 0 }];
  for (let next = queue.shift(); next !== undefined && objects < MAX_OBJECTS; next = queue.shift()) {
    const { object, depth } = next;
    if (object === undefined) continue;
    objects++;
    await attempt(() => object.attributes());
    if (object.kind === 'dataset') {
      if (object.bytes <= MAX_VALUE_BYTES) await attempt(() => file!.read(object));
      continue;
    }
    for (const name of ((await attempt(() => object.names())) ?? []).slice(0, MAX_OBJECTS)) {
      if (depth < 8) queue.push({ object: await attempt(() => object.child(name)), depth: depth + 1 });
    }
  }
  await file?.[Symbol.asyncDispose]();
  return { codes, messages, objects, bytes: read.bytes, ms: performance.now() - started };
}

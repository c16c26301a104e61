/**
 * Saves and loads a model in the files that tfjs-node uses for `file://`: `model.json`, and weights in the files that
 * it names (tfjs-node/src/io/file_system.ts). New weights are written beside the old ones, under another name. The
 * rename of `model.json` is the commit.
 */

import { basename, dirname, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import type { io } from '@tensorflow/tfjs-core';
import { ChunkPool } from '../bundle/chunk-pool.js';
import type { Item } from '../bundle/item.js';
import { ShardStream } from '../bundle/shard-stream.js';
import { nextCall, overtakenBy, placeOf, rememberCall } from '../commit/call-order.js';
import { nonce } from '../commit/names.js';
import { replaceSmallFile } from '../commit/small-file.js';
import { TensorBundleError } from '../errors.js';
import { dtypeInfo } from '../format/dtypes.js';
import { isBuffer, isError } from '../realms.js';
import { type Directories, withDirectories } from '../storage/directories.js';
import { type Directory, withNewDirectory } from '../storage/directory.js';
import { withOrderedCalls } from '../training/models/ordered-calls.js';
import { artifactsInfo, type Weights, weightsOfArtifacts } from './weights.js';

const [MODEL, WEIGHTS] = ['model.json', 'weights.bin'];
/** The names that a save gives to files of weights. The long ones are used if `weights.bin` exists already. */
const OURS = /^weights-[0-9a-f]{16}(\.\d+)?\.bin$|^weights\.bin$/;
/** Size of a file of weights. tfjs-node reads each file whole, which Node can do up to 2 GiB. */
const PART_BYTES = 1024 ** 3;
const LOCK_TIMEOUT_MS = 30_000;
export const MAX_JSON_BYTES = 512 * 1024 ** 2;

/**
 * `call` (from `nextCall`) orders saves that run at the same time: the model of the last call stays, and an earlier
 * call that is later to finish writes nothing. Throws ERR_NOT_SUPPORTED for a topology that is not JSON; ERR_NO_SPACE,
 * ERR_PERMISSION, ERR_LOCKED, ERR_IO. If it throws, the old model stays.
 */
export async function saveModelFiles(
  directory: string,
  artifacts: io.ModelArtifacts,
  weights: Weights,
  call: number = nextCall(),
): Promise<io.SaveResult> {
  const { weightData: _, weightSpecs: __, modelInitializer: ___, ...rest } = artifacts;
  if (isBuffer(rest.modelTopology))
    throw new TensorBundleError('ERR_NOT_SUPPORTED', 'a model topology in binary form cannot be saved to model.json', {
      path: directory,
    });
  // Whatever loads it then, TensorFlow.js itself too, makes the model that was saved.
  const modelTopology = withOrderedCalls(rest.modelTopology) as object | undefined;
  await withNewDirectory(directory, async opened => {
    await opened.exclusively(LOCK_TIMEOUT_MS, undefined, async () => {
      const place = placeOf(opened.identity, MODEL!, 'file');
      if (overtakenBy(place, call) !== null) return;
      const before = new Set(await opened.list());
      const base = before.has(WEIGHTS!) ? `weights-${nonce()}` : 'weights';
      const paths = await writeParts(opened, base, weights);
      const manifest = [{ paths, weights: weights.specs }];
      const old = await weightsNamedIn(opened);
      try {
        await replaceSmallFile(opened, MODEL!, JSON.stringify({ ...rest, modelTopology, weightsManifest: manifest }), {
          durable: true,
        });
      } catch (error) {
        // The rename may have happened although it reported an error, so weights that the model names now stay. If that
        // cannot be read, all stay.
        const named = await weightsNamedIn(opened).catch(() => new Set<unknown>(paths));
        for (const path of paths) if (!named.has(path)) await opened.remove(path).catch(() => false);
        throw error;
      }
      rememberCall(place, { call, durable: true });
      // Removes what the old model named, and what a killed save has left. The lock keeps other saves out.
      for (const name of before) if (OURS.test(name) && (old.has(name) || name !== WEIGHTS)) await opened.remove(name);
    });
  });
  return artifactsInfo(rest.modelTopology, weights);
}

/**
 * The weights that a manifest names, in one buffer per file. TensorFlow.js accepts that; tfjs-node would join them to
 * one buffer. Throws ERR_NOT_FOUND, ERR_CORRUPT and ERR_IO.
 */
export async function readWeightFiles(
  directory: string,
  manifest: io.WeightsManifestConfig,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer[]]> {
  return await withDirectories(directories => readWeightFilesIn(directories, directory, manifest));
}

async function readWeightFilesIn(
  directories: Directories,
  directory: string,
  manifest: io.WeightsManifestConfig,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer[]]> {
  const buffers: ArrayBuffer[] = [];
  const named = manifest.flatMap(({ paths }) => paths);
  // Names must differ: otherwise a small manifest could name one large file many times.
  if (new Set(named).size !== named.length)
    throw new TensorBundleError('ERR_CORRUPT', `model.json in ${directory} names the same file of weights twice`, {
      path: resolve(directory, MODEL!),
    });
  for (const path of named) {
    const folder = await directories.open(resolve(directory, dirname(path)));
    const file = await folder?.open(basename(path));
    if (!file) {
      const missing = resolve(directory, path);
      throw new TensorBundleError('ERR_NOT_FOUND', `there is no file ${missing}, but model.json names it`, {
        path: missing,
      });
    }
    try {
      const bytes = new Uint8Array(file.size);
      if (file.size > 0) await file.read(0, bytes);
      buffers.push(bytes.buffer);
    } finally {
      await file.close();
    }
  }
  const specs = manifest.flatMap(({ weights }) => weights);
  checkBytes(directory, specs, buffers);
  return [specs, buffers];
}

/** Throws ERR_CORRUPT if the files are shorter than the weights. TensorFlow.js would at most report a wrong shape. */
function checkBytes(directory: string, specs: io.WeightsManifestEntry[], buffers: ArrayBuffer[]): void {
  try {
    weightsOfArtifacts({ weightSpecs: specs, weightData: buffers });
  } catch (cause) {
    if (!(cause instanceof TensorBundleError && cause.code === 'ERR_INVALID_ARGUMENT')) throw cause;
    const path = resolve(directory, MODEL!);
    const { expected, found } = cause;
    throw new TensorBundleError(
      'ERR_CORRUPT',
      `the files of weights that ${path} names have ${found} bytes, but the model needs ${expected}: they are ` +
        `cut, or of another model`,
      { path, expected, found, cause },
    );
  }
}

/** Writes the files of weights, and removes them if that fails. Returns their names. */
async function writeParts(directory: Directory, base: string, weights: Weights): Promise<string[]> {
  const paths: string[] = [];
  const total = weights.sizes.reduce((sum, size) => sum + size, 0);
  const chunks = new ChunkPool(1, total);
  try {
    for (let begin = 0, part = 0; begin < total || part === 0; begin += PART_BYTES, part++) {
      const name = part === 0 ? `${base}.bin` : `${base}.${part}.bin`;
      const length = Math.min(PART_BYTES, total - begin);
      const shard = await directory.createShard(name, length, true);
      paths.push(name);
      try {
        const hooks = { signal: undefined, onBytes: () => undefined, onLast: () => undefined };
        await new ShardStream(shard, partItems(weights, begin, begin + length), chunks, hooks).run();
        await shard.finish(true);
      } finally {
        await shard.close();
      }
    }
    await directory.sync();
    return paths;
  } catch (error) {
    for (const name of paths) await directory.remove(name).catch(() => false);
    throw error;
  } finally {
    chunks.free();
  }
}

/** The weights' bytes from `begin` to `end`, counted over all of them. */
function partItems(weights: Weights, begin: number, end: number): Item[] {
  const items: Item[] = [];
  let at = 0;
  for (const [i, size] of weights.sizes.entries()) {
    const from = Math.max(begin - at, 0);
    const to = Math.min(end - at, size);
    at += size;
    if (from >= to) continue;
    const name = weights.specs[i]!.name;
    items.push({
      name,
      dtype: dtypeInfo('uint8'),
      shape: [to - from],
      bytes: to - from,
      content: weights.content(i, from, to),
    });
  }
  return items;
}

async function weightsNamedIn(directory: Directory): Promise<Set<unknown>> {
  const file = await directory.open(MODEL!);
  if (file === null) return new Set();
  try {
    const json = JSON.parse(new TextDecoder().decode(await file.readAll(MAX_JSON_BYTES))) as io.ModelJSON;
    return new Set(json.weightsManifest.flatMap(({ paths }) => paths));
  } catch (error) {
    // A damaged model.json is replaced. Which weights were its own is not known, so they stay.
    if (isError(error) && ['SyntaxError', 'TypeError'].includes(error.name)) return new Set();
    throw error;
  } finally {
    await file.close();
  }
}

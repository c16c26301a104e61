/**
 * Saves model artifacts of TensorFlow.js as a checkpoint: each weight under its own name, and everything else as JSON
 * beside them, so that one rename replaces everything. For models that have no object graph (graph models).
 */

import { TextDecoder, TextEncoder } from 'node:util';
import type { io } from '@tensorflow/tfjs-core';
import type { CheckpointReader } from '../bundle/reader.js';
import { CheckpointWriter } from '../bundle/writer.js';
import { TensorBundleError } from '../errors.js';
import { extraKey } from '../graph/key.js';
import { isBuffer } from '../realms.js';
import { MAX_JSON_BYTES } from './model-files.js';
import { artifactsInfo, dtypeOf, joinStrings, splitStrings, weightsOfArtifacts } from './weights.js';

const KEY = extraKey('', 'artifacts');

/** Throws ERR_NOT_SUPPORTED for a topology that is not JSON, and what CheckpointWriter throws. */
export async function saveArtifacts(artifacts: io.ModelArtifacts, prefix: string): Promise<io.SaveResult> {
  const { weightData: _, weightSpecs: __, modelInitializer: ___, ...rest } = artifacts;
  if (isBuffer(rest.modelTopology))
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      'a model topology in binary form cannot be saved in a checkpoint; only JSON can',
      {
        path: prefix,
      },
    );
  const weights = weightsOfArtifacts(artifacts);
  const writer = new CheckpointWriter(prefix);
  for (const [i, spec] of weights.specs.entries()) {
    const data = async function* () {
      yield await weights.bytes(i);
    };
    const texts = async () => splitStrings(await weights.bytes(i));
    writer.add(spec.name, { dtype: dtypeOf(spec), shape: spec.shape, data: spec.dtype === 'string' ? texts : data });
  }
  const json = new TextEncoder().encode(JSON.stringify({ ...rest, weightSpecs: weights.specs }));
  writer.add(KEY, { dtype: 'string', shape: [], data: [json] });
  await writer.finish();
  return artifactsInfo(rest.modelTopology, weights);
}

/**
 * Null if `saveArtifacts` did not write the checkpoint. The weights are not concatenated. Rejects with ERR_CORRUPT and
 * ERR_TOO_LARGE for artifacts that `saveArtifacts` cannot have written.
 */
export async function artifactsIn(reader: CheckpointReader): Promise<io.ModelArtifacts | null> {
  if (!reader.has(KEY)) return null;
  const { bytes: found } = reader.entry(KEY);
  if (found > MAX_JSON_BYTES)
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the artifacts in ${reader.prefix} have ${found} bytes, more than the ${MAX_JSON_BYTES} they may have`,
      { path: reader.prefix, tensor: KEY, expected: MAX_JSON_BYTES, found },
    );
  const { data } = await reader.read(KEY);
  const artifacts = parse(new TextDecoder().decode((data as Uint8Array[])[0]), reader.prefix);
  // Names must differ: otherwise a small file could name one large weight many times.
  const names = (artifacts.weightSpecs ?? []).map(({ name }) => name);
  if (new Set(names).size !== names.length) throw corrupt(reader.prefix, 'they list a weight twice');
  const weightData = (await reader.readAll(names, { copy: true })).map(({ dtype, data }) => {
    const { buffer } = dtype === 'string' ? joinStrings(data as Uint8Array[]) : (data as Uint8Array);
    return buffer as ArrayBuffer;
  });
  return { ...artifacts, weightData };
}

function parse(text: string, path: string): io.ModelArtifacts {
  let artifacts: unknown;
  try {
    artifacts = JSON.parse(text);
  } catch (cause) {
    throw corrupt(path, 'they are not JSON', cause);
  }
  const { weightSpecs = [] } = (artifacts ?? {}) as Record<string, unknown>;
  const isList = Array.isArray(weightSpecs) && weightSpecs.every(spec => typeof spec?.name === 'string');
  if (typeof artifacts !== 'object' || artifacts === null || !isList)
    throw corrupt(path, 'they have no list of weights');
  return artifacts as io.ModelArtifacts;
}

function corrupt(path: string, why: string, cause?: unknown): TensorBundleError {
  const details = { path, tensor: KEY, cause };
  return new TensorBundleError('ERR_CORRUPT', `the artifacts in ${path} cannot be used: ${why}`, details);
}

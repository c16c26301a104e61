/** The variables of a SavedModel, with their places in the bundle. */
import { join } from 'node:path';
import { CheckpointReader } from '../../../bundle/reader.js';
import { TensorBundleError } from '../../../errors.js';
import { extraKey } from '../../../graph/key.js';
import type { StoredModel } from '../stored/stored-model.js';
import { dtypeName, shapeOf, type TensorSummary } from '../stored/tensor-summary.js';
import type { ObjectPlaces } from './object-places.js';
import { checkpointGraph, entriesOf, type StoredVariable } from './stored-variables.js';

export interface VariableSummary extends TensorSummary {
  /** Number of the object; null for a model of TensorFlow 1, which has none. */
  readonly node: number | null;
  /** The shortest path of edges from the root; null if no edge leads to it. */
  readonly path: string | null;
  /** Null in a model of TensorFlow 1, which does not say. */
  readonly trainable: boolean | null;
  /** Null if it is not stored. */
  readonly bytes: number | null;
  /** Name of its tensor in `variables/variables`; null if it is not stored. */
  readonly key: string | null;
  /** Number of the data file and the offset in it; null if it is not stored, or stored in slices. */
  readonly shard: number | null;
  readonly offset: number | null;
}

/** Of `variables/variables`. */
export interface BundleSummary {
  readonly prefix: string;
  readonly numShards: number;
  readonly tensors: number;
  /** Of all tensors. */
  readonly bytes: number;
}

interface Variables {
  readonly variables: readonly VariableSummary[];
  readonly bundle: BundleSummary | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Whether this package stored a model in it. */
  readonly isOwn: boolean;
}

/** A bundle that cannot be read is not an error here. */
export async function variablesOf(model: StoredModel, places: ObjectPlaces): Promise<Variables> {
  const unread = summarized(model, places, new Map());
  const prefix = join(model.path, 'variables', 'variables');
  try {
    const reader = await CheckpointReader.open(prefix);
    try {
      const names = reader.names();
      const graph = await checkpointGraph(reader);
      return {
        variables: graph === null ? byName(reader) : summarized(model, places, entriesOf(model.nodes, graph, reader)),
        bundle: {
          prefix: reader.prefix,
          numShards: reader.numShards,
          tensors: names.length,
          bytes: names.reduce((sum, name) => sum + reader.entry(name).bytes, 0),
        },
        error: null,
        isOwn: reader.has(extraKey('', 'model')),
      };
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (!(error instanceof TensorBundleError)) throw error;
    const { code, message } = error;
    // A model without variables needs no bundle.
    const isMissed = code !== 'ERR_NOT_FOUND' || unread.length > 0;
    return { variables: unread, bundle: null, error: isMissed ? { code, message } : null, isOwn: false };
  }
}

function summarized(
  { nodes }: StoredModel,
  places: ObjectPlaces,
  entries: ReadonlyMap<number, StoredVariable>,
): VariableSummary[] {
  const found: VariableSummary[] = [];
  for (const [node, { kind }] of nodes.entries()) {
    if (kind.case !== 'variable') continue;
    const { name, trainable } = kind.value;
    const { key, entry } = entries.get(node) ?? { key: null, entry: null };
    found.push({
      node,
      path: places.pathOf(node),
      name,
      dtype: dtypeName(kind.value.dtype),
      shape: shapeOf(kind.value.shape),
      trainable,
      bytes: entry?.bytes ?? null,
      key,
      shard: entry?.shard ?? null,
      offset: entry?.offset ?? null,
    });
  }
  return found;
}

/** The variables of TensorFlow 1, which knows them by name. */
function byName(reader: CheckpointReader): VariableSummary[] {
  return reader.names().map(key => {
    const { dtype, shape, bytes, shard, offset } = reader.entry(key);
    return { node: null, path: null, name: key, dtype, shape, trainable: null, bytes, key, shard, offset };
  });
}

/**
 * Reads a checkpoint into live objects: decode, match, check every dtype and shape, check every checksum, and only then
 * assign, a batch of tensors at a time. A refusal or damage is found before anything has changed.
 */
import type { CheckpointReader } from '../bundle/reader.js';
import type { DType } from '../format/dtypes.js';
import { matchGraph } from './match.js';
import { numberObjects } from './numbering.js';
import { type KeyedAttribute, keyedAttributes, OBJECT_GRAPH_KEY } from './object-graph.js';
import {
  type Mismatch,
  RestoreMismatchError,
  type RestoreOutcome,
  type RestoreStatus,
  restoreStatus,
} from './restore-status.js';
import { isSelected, mappedNames, type SelectionOptions } from './selection.js';
import { decodeObjectGraph, keysBelow } from './stored-graph.js';
import type { Attribute, Trackable } from './trackable.js';

/** Bytes read before they are assigned: enough to keep the disk busy, little beside a model. */
const BATCH_BYTES = 32 * 1024 * 1024;

export interface RestoreOptions extends SelectionOptions {
  /** Leave variables alone whose shape or dtype differs, instead of refusing. */
  skipMismatch?: boolean | undefined;
  /** Let values alias the mapped file instead of copying it. */
  alias?: boolean | undefined;
}

/** Where the stored graph says the values are, as far as one can know before looking at shapes. */
interface StoredNames {
  /** Name in the checkpoint; undefined if there is none. */
  nameOf(variable: KeyedAttribute): string | undefined;
  /** Key a variable would have in this checkpoint. */
  expectedKey(key: string): string;
  /** Keys of the checkpoint that belong to what was matched. */
  readonly keys: readonly string[];
}

/** A stored tensor that fits a live attribute. */
interface Assignment {
  readonly name: string;
  readonly attribute: Attribute;
  readonly bytes: number;
}

/**
 * Throws ERR_MISMATCH (with `status`) unless `skipMismatch`, ERR_CORRUPT for a damaged object graph,
 * ERR_INVALID_ARGUMENT for a bad `map`, and what the reader throws.
 */
export async function restore(
  root: Trackable,
  reader: CheckpointReader,
  options: RestoreOptions = {},
): Promise<RestoreStatus> {
  const variables = keyedAttributes(numberObjects(root));
  const mapped = mappedNames(variables, options.map);
  const stored = await storedNames(root, reader);
  const assignments: Assignment[] = [];
  const taken = new Set<string>();
  const names = new Map<string, string>();
  const outcome: RestoreOutcome = {
    path: reader.prefix,
    loaded: [],
    missing: [],
    unused: [],
    mismatched: [],
    names,
    refused: false,
  };
  for (const variable of variables) {
    const { key, attribute } = variable;
    const name = mapped.get(key) ?? stored.nameOf(variable);
    if (name !== undefined) taken.add(name);
    if (!isSelected(variable, options)) continue;
    if (name === undefined || !reader.has(name)) {
      const expected = mapped.get(key) ?? stored.expectedKey(key);
      names.set(expected, attribute.label);
      outcome.missing.push(expected);
      continue;
    }
    names.set(name, attribute.label);
    const entry = reader.entry(name);
    const mismatch = compare(name, attribute, entry);
    if (mismatch) outcome.mismatched.push(mismatch);
    else assignments.push({ name, attribute, bytes: entry.bytes });
  }
  outcome.unused.push(...stored.keys.filter(key => !taken.has(key)));
  if (outcome.mismatched.length > 0 && !options.skipMismatch) {
    outcome.refused = true;
    throw new RestoreMismatchError(restoreStatus(outcome), outcome);
  }
  // Views need no memory of their own, so they are one batch. What is one batch is checked by reading it.
  const all = [...batches(assignments, options.alias ? Infinity : BATCH_BYTES)];
  if (all.length > 1) for (const batch of all) await checkSums(reader, batch);
  for (const batch of all) {
    const values = await Promise.all(batch.map(({ name }) => reader.read(name, { copy: !options.alias })));
    batch.forEach(({ attribute }, i) => {
      attribute.assign(values[i]!);
    });
  }
  outcome.loaded.push(...assignments.map(({ name }) => name));
  return restoreStatus(outcome);
}

async function storedNames(root: Trackable, reader: CheckpointReader): Promise<StoredNames> {
  if (!reader.has(OBJECT_GRAPH_KEY)) {
    // A name-based checkpoint (tf.compat.v1.train.Saver): TensorFlow falls back to the variables' names, and so do we.
    return {
      nameOf: ({ attribute }) => [attribute.fullName, attribute.label].find(name => reader.has(name)),
      expectedKey: key => key,
      keys: reader.names(),
    };
  }
  const { data } = await reader.read(OBJECT_GRAPH_KEY);
  const [serialized] = data;
  const graph = decodeObjectGraph(serialized instanceof Uint8Array ? serialized : new Uint8Array(), reader.prefix);
  const match = matchGraph(root, graph);
  const prefix = match.root === 0 ? '' : 'model/';
  const keys =
    match.root === 0
      ? graph.flatMap(({ attributes }) => attributes.map(({ key }) => key))
      : keysBelow(graph, match.root).filter(key => key.startsWith(prefix));
  return { nameOf: ({ attribute }) => match.keys.get(attribute), expectedKey: key => prefix + key, keys };
}

function compare(
  key: string,
  live: { dtype: DType; shape: readonly number[] },
  stored: { dtype: DType; shape: readonly number[] },
): Mismatch | null {
  const expected = describe(live);
  const found = describe(stored);
  return expected === found ? null : { key, expected, found };
}

function describe({ dtype, shape }: { dtype: DType; shape: readonly number[] }): string {
  return `${dtype} [${shape.join(',')}]`;
}

/**
 * Makes the reader check the checksum of each tensor without keeping its bytes: reading one element checks all of the
 * stored tensor, once. A partitioned tensor is read whole, since one element would check one part of it.
 */
async function checkSums(reader: CheckpointReader, batch: readonly Assignment[]): Promise<void> {
  await Promise.all(
    batch.map(({ name }) => {
      const { shape, slices } = reader.entry(name);
      const whole = slices.length > 0 || shape.length === 0 || shape.includes(0);
      return reader.read(name, whole ? {} : { begin: shape.map(() => 0), size: shape.map(() => 1) });
    }),
  );
}

/** Consecutive assignments of at most `limit` bytes together, or one that is larger. */
function* batches(assignments: readonly Assignment[], limit: number): Generator<readonly Assignment[]> {
  let batch: Assignment[] = [];
  let bytes = 0;
  for (const assignment of assignments) {
    if (batch.length > 0 && bytes + assignment.bytes > limit) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(assignment);
    bytes += assignment.bytes;
  }
  if (batch.length > 0) yield batch;
}

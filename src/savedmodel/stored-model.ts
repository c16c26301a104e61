/**
 * The files of a SavedModel beside its variables, read and checked: every number of a node in them exists, so code
 * after this need not check. The graph itself is not decoded here, since nothing that is restored needs it.
 */
import { type PathLike, pathOf } from '../commit/paths.js';
import { TensorBundleError } from '../errors.js';
import { Directory } from '../storage/directory.js';
import {
  type FingerprintDef,
  FingerprintDefSchema,
  fromBinary,
  type MetaGraphDef,
  type SavedMetadata_KerasObject,
  SavedMetadataSchema,
  type SavedModel,
  SavedModelSchema,
  type SavedObject,
} from './protobuf.js';

/** Protobuf's own limit for one message. */
const MAX_BYTES = 2 ** 31 - 1;
/** Far above any real model: a layer has about four nodes. */
const MAX_NODES = 2 ** 18;
/** The tag of what TensorFlow 2 writes. */
const SERVE = 'serve';

export const SAVED_MODEL = 'saved_model.pb';
export const KERAS_METADATA = 'keras_metadata.pb';
export const FINGERPRINT = 'fingerprint.pb';

/** The name of the edge from the model to what was saved with it. */
export const EXTRA = 'extra';

export interface StoredModel {
  /** The directory, as it was given. */
  readonly path: string;
  /** That for serving. */
  readonly metaGraph: MetaGraphDef;
  /** The objects of TensorFlow 2, the root first. Empty for what TensorFlow 1 wrote. */
  readonly nodes: readonly SavedObject[];
  /** What Keras says of its layers, by the number of the node. Null if Keras did not write the model. */
  readonly keras: ReadonlyMap<number, SavedMetadata_KerasObject> | null;
  readonly fingerprint: FingerprintDef | null;
}

/**
 * Rejects with ERR_NOT_FOUND if there is no directory or no saved_model.pb in it, ERR_CORRUPT for files that cannot be
 * decoded, ERR_TOO_LARGE for more than 2 GiB or 262,144 objects, and with what opening and reading throw.
 */
export async function readStoredModel(given: PathLike): Promise<StoredModel> {
  const path = pathOf(given);
  const directory = await Directory.open(path);
  if (directory === null) throw notFound(path, `${path} does not exist`);
  try {
    const bytes = await readFile(directory, SAVED_MODEL);
    if (bytes === null) throw notFound(path, `${directory.pathOf(SAVED_MODEL)} does not exist`);
    const file = directory.pathOf(SAVED_MODEL);
    const metaGraph = servingGraph(
      decoded(file, () => fromBinary(SavedModelSchema, bytes)),
      file,
    );
    const nodes = metaGraph.objectGraphDef?.nodes ?? [];
    checkNodes(nodes, file);
    const metadata = await readFile(directory, KERAS_METADATA);
    const fingerprint = await readFile(directory, FINGERPRINT);
    return {
      path,
      metaGraph,
      nodes,
      keras: metadata && kerasObjects(metadata, nodes.length, directory.pathOf(KERAS_METADATA)),
      fingerprint:
        fingerprint && decoded(directory.pathOf(FINGERPRINT), () => fromBinary(FingerprintDefSchema, fingerprint)),
    };
  } finally {
    await directory.close();
  }
}

/** Null if there is no such file. */
async function readFile(directory: Directory, name: string): Promise<Uint8Array | null> {
  const file = await directory.open(name);
  if (file === null) return null;
  try {
    return await file.readAll(MAX_BYTES);
  } finally {
    await file.close();
  }
}

function servingGraph({ metaGraphs }: SavedModel, path: string): MetaGraphDef {
  const found = metaGraphs.find(({ metaInfoDef }) => metaInfoDef?.tags.includes(SERVE)) ?? metaGraphs[0];
  if (found !== undefined) return found;
  throw corrupt(path, 'holds no model');
}

function checkNodes(nodes: readonly SavedObject[], path: string): void {
  if (nodes.length > MAX_NODES) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `${path} has ${nodes.length} objects, more than the ${MAX_NODES} it may have`,
      { path, expected: MAX_NODES, found: nodes.length },
    );
  }
  const check = (number: number, node: number): void => {
    if (node >= 0 && node < nodes.length) return;
    throw corrupt(path, `says that object ${number} belongs with object ${node}, but there are ${nodes.length}`);
  };
  for (const [number, { children, slotVariables, dependencies }] of nodes.entries()) {
    for (const { nodeId } of children) check(number, nodeId);
    for (const { nodeId } of dependencies) check(number, nodeId);
    for (const { originalVariableNodeId, slotVariableNodeId } of slotVariables) {
      check(number, originalVariableNodeId);
      check(number, slotVariableNodeId);
    }
  }
}

function kerasObjects(bytes: Uint8Array, count: number, path: string): StoredModel['keras'] {
  const { nodes } = decoded(path, () => fromBinary(SavedMetadataSchema, bytes));
  for (const { nodeId } of nodes) {
    if (nodeId < 0 || nodeId >= count) throw corrupt(path, `describes object ${nodeId}, but there are ${count}`);
  }
  return new Map(nodes.map(node => [node.nodeId, node]));
}

function decoded<T>(path: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw corrupt(path, 'cannot be decoded', cause);
  }
}

function corrupt(path: string, what: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `${path} ${what}; it is damaged, or no file of a SavedModel`, {
    path,
    cause,
  });
}

function notFound(path: string, why: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_FOUND', `there is no SavedModel at ${path}: ${why}`, { path });
}

/**
 * The files of a SavedModel beside its variables, read and checked: every number of a node in them exists, and the JSON
 * of Keras is neither deep nor huge, so code after this need not check. Memory is bounded whatever the files hold.
 */
import { type PathLike, pathOf } from '../../../commit/paths.js';
import { isNativeError, TensorBundleError } from '../../../errors.js';
import { Directory } from '../../../storage/directory.js';
import { valuesInJson } from '../../keras/config/json-limits.js';
import { FINGERPRINT, KERAS_METADATA, SAVED_MODEL } from './file-names.js';
import { checkMessages } from './message-limits.js';
import {
  corruptFile,
  decodedFrom,
  type FingerprintDef,
  FingerprintDefSchema,
  type SavedMetadata_KerasObject,
  SavedMetadataSchema,
  type SavedObject,
} from './messages.js';
import { type ModelFile, readModelFile } from './model-file.js';

/** Far above any real model: a layer has about four nodes. */
const MAX_NODES = 2 ** 18;
/** Far above the metadata of any real model. */
const MAX_KERAS_BYTES = 64 * 1024 ** 2;
const MAX_FINGERPRINT_BYTES = 1024 ** 2;
/** Of the JSON of all nodes. */
const MAX_JSON_VALUES = 2 ** 21;

/** Other forms of the file, which are not read. */
const OTHER_FORMS = {
  'saved_model.pbtxt': 'as text (saved_model.pbtxt)',
  'saved_model.cpb': 'in chunks (saved_model.cpb), which TensorFlow writes above 2 GiB',
};

export interface StoredModel extends ModelFile {
  /** The directory, as it was given. */
  readonly path: string;
  /** Which directory it is: a save puts another one in its place. */
  readonly identity: string;
  /** The objects of TensorFlow 2, the root first. Empty for what TensorFlow 1 wrote. */
  readonly nodes: readonly SavedObject[];
  /** What Keras says of its layers, by the number of the node. Null if Keras did not write the model. */
  readonly keras: ReadonlyMap<number, SavedMetadata_KerasObject> | null;
  readonly fingerprint: FingerprintDef | null;
}

/**
 * Rejects with ERR_NOT_FOUND if there is no directory or no saved_model.pb in it; ERR_NOT_A_CHECKPOINT if the path is
 * not a directory, or one of the files is not a regular file; ERR_NOT_SUPPORTED for the other forms of the file;
 * ERR_TRUNCATED and ERR_CORRUPT for files that cannot be decoded; ERR_TOO_LARGE for a saved_model.pb above 2 GiB, for
 * more than 64 MiB beside its graph or in keras_metadata.pb, for 262,144 objects, and for what would take much more
 * memory than it has bytes; and with what opening and reading throw.
 */
export async function readStoredModel(given: PathLike): Promise<StoredModel> {
  const path = pathOf(given);
  const directory = await opened(path);
  try {
    const model = await withFile(directory, SAVED_MODEL, readModelFile);
    if (model === null) throw await withoutModel(directory);
    const file = directory.pathOf(SAVED_MODEL);
    const nodes = model.metaGraph.objectGraphDef?.nodes ?? [];
    checkNodes(nodes, file);
    const metadata = await withFile(directory, KERAS_METADATA, one => one.readAll(MAX_KERAS_BYTES));
    const fingerprint = await withFile(directory, FINGERPRINT, one => one.readAll(MAX_FINGERPRINT_BYTES));
    const keras = metadata && kerasObjects(metadata, nodes.length, directory.pathOf(KERAS_METADATA));
    checkJson(
      nodes.map(({ kind }) => (kind.case === 'userObject' ? kind.value.metadata : '')),
      file,
    );
    return {
      ...model,
      path,
      identity: directory.identity,
      nodes,
      keras,
      fingerprint: fingerprint && decodedFrom(FingerprintDefSchema, fingerprint, directory.pathOf(FINGERPRINT)),
    };
  } finally {
    await directory.close();
  }
}

async function opened(path: string): Promise<Directory> {
  const directory = await Directory.open(path).catch((error: unknown) => {
    const { cause } = error as { cause?: unknown };
    if (!isNativeError(cause) || cause.code !== 'ENOTDIR') throw error;
    throw new TensorBundleError(
      'ERR_NOT_A_CHECKPOINT',
      `${path} is not a directory; a SavedModel is a directory with a file ${SAVED_MODEL}`,
      { path, cause },
    );
  });
  if (directory !== null) return directory;
  throw new TensorBundleError('ERR_NOT_FOUND', `there is no SavedModel at ${path}: it does not exist`, { path });
}

/** Null if there is no such file. */
async function withFile<T>(
  directory: Directory,
  name: string,
  read: (file: NonNullable<Awaited<ReturnType<Directory['open']>>>) => Promise<T>,
): Promise<T | null> {
  const file = await directory.open(name);
  if (file === null) return null;
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}

/** The error for a directory without saved_model.pb. */
async function withoutModel(directory: Directory): Promise<TensorBundleError> {
  const { path } = directory;
  for (const [name, form] of Object.entries(OTHER_FORMS)) {
    if ((await directory.stat(name)) === null) continue;
    return new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the SavedModel at ${path} is stored ${form}, and only ${SAVED_MODEL} is read`,
      { path, expected: SAVED_MODEL, found: name },
    );
  }
  return new TensorBundleError('ERR_NOT_FOUND', `there is no SavedModel at ${path}: it holds no ${SAVED_MODEL}`, {
    path,
  });
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
    throw corruptFile(path, `says that object ${number} belongs with object ${node}, but there are ${nodes.length}`);
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
  checkMessages(SavedMetadataSchema, bytes, path);
  const { nodes } = decodedFrom(SavedMetadataSchema, bytes, path);
  for (const { nodeId } of nodes) {
    if (nodeId < 0 || nodeId >= count) throw corruptFile(path, `describes object ${nodeId}, but there are ${count}`);
  }
  checkJson(
    nodes.map(({ metadata }) => metadata),
    path,
  );
  return new Map(nodes.map(node => [node.nodeId, node]));
}

function checkJson(texts: readonly string[], path: string): void {
  let sum = 0;
  for (const text of texts) {
    if (text === '') continue;
    const values = valuesInJson(text);
    if (values === null) throw corruptFile(path, 'holds JSON that is nested more than 500 deep');
    sum += values;
  }
  if (sum <= MAX_JSON_VALUES) return;
  throw new TensorBundleError('ERR_TOO_LARGE', `the JSON in ${path} holds more than ${MAX_JSON_VALUES} values`, {
    path,
    expected: MAX_JSON_VALUES,
    found: sum,
  });
}

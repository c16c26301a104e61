/**
 * The file saved_model.pb without its graph, which may have gigabytes and is not needed to restore anything. What
 * stands beside the graph is small.
 */
import { TensorBundleError } from '../../../errors.js';
import type { ReadableFile } from '../../../storage/file.js';
import { type FileField, fieldsInFile } from './file-fields.js';
import { checkMessages } from './message-limits.js';
import { corruptFile, decodedFrom, type MetaGraphDef, MetaGraphDefSchema } from './messages.js';

/** Protobuf's own limit for one message. */
const MAX_BYTES = 2 ** 31 - 1;
/** For what stands beside the graph; far above any real model. */
const MAX_READ_BYTES = 64 * 1024 ** 2;
/** TensorFlow 1 wrote one for serving, and sometimes one for training. */
const MAX_META_GRAPHS = 64;
/** The tag of what TensorFlow 2 writes. */
const SERVE = 'serve';

/** Numbers of fields (proto/saved_model.proto). */
const META_GRAPHS = 2;
const META_INFO = 1;
const GRAPH = 2;

export interface ModelFile {
  /** That for serving, else the first. Its `graphDef` is empty: the graph is not read. */
  readonly metaGraph: MetaGraphDef;
  /** The tags of each MetaGraph of the file. */
  readonly tagSets: readonly (readonly string[])[];
  /** Of the whole file. */
  readonly fileBytes: number;
  /** Of the graph of `metaGraph`. */
  readonly graphBytes: number;
}

/** Throws what `readStoredModel` throws for this file. */
export async function readModelFile(file: ReadableFile): Promise<ModelFile> {
  if (file.size > MAX_BYTES) throw tooLarge(file, file.size, MAX_BYTES);
  const places = (await fieldsInFile(file)).filter(({ number }) => number === META_GRAPHS);
  if (places.length === 0) throw corruptFile(file.path, 'holds no model');
  if (places.length > MAX_META_GRAPHS) {
    throw new TensorBundleError('ERR_TOO_LARGE', `${file.path} holds ${places.length} models in one file`, {
      path: file.path,
      expected: MAX_META_GRAPHS,
      found: places.length,
    });
  }
  const tagSets: (readonly string[])[] = [];
  for (const place of places) tagSets.push(await tagsOf(file, place));
  const serving = tagSets.findIndex(tags => tags.includes(SERVE));
  const fields = await fieldsInFile(file, ...extent(places[Math.max(serving, 0)]!));
  const graph = fields.filter(({ number }) => number === GRAPH);
  return {
    metaGraph: await decodedPart(
      file,
      fields.filter(({ number }) => number !== GRAPH),
    ),
    tagSets,
    fileBytes: file.size,
    graphBytes: graph.reduce((sum, { content, end }) => sum + end - content, 0),
  };
}

async function tagsOf(file: ReadableFile, place: FileField): Promise<readonly string[]> {
  const fields = await fieldsInFile(file, ...extent(place));
  const { metaInfoDef } = await decodedPart(
    file,
    fields.filter(({ number }) => number === META_INFO),
  );
  return metaInfoDef?.tags ?? [];
}

function extent({ content, end }: FileField): [start: number, end: number] {
  return [content, end];
}

/** A MetaGraphDef with these fields only. */
async function decodedPart(file: ReadableFile, fields: readonly FileField[]): Promise<MetaGraphDef> {
  const length = fields.reduce((sum, { start, end }) => sum + end - start, 0);
  if (length > MAX_READ_BYTES) throw tooLarge(file, length, MAX_READ_BYTES, ' beside its graph');
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (const { start, end } of fields) {
    await file.read(start, bytes.subarray(filled, filled + end - start));
    filled += end - start;
  }
  checkMessages(MetaGraphDefSchema, bytes, file.path);
  return decodedFrom(MetaGraphDefSchema, bytes, file.path);
}

function tooLarge({ path }: ReadableFile, found: number, expected: number, where = ''): TensorBundleError {
  const message = `${path} has ${found} bytes${where}, more than the ${expected} it may have`;
  return new TensorBundleError('ERR_TOO_LARGE', message, { path, expected, found });
}

/** Texts in Keras's files: JSON in attributes of HDF5 or in files of their own. */
import { TextDecoder } from 'node:util';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { isLiteral } from '../../../realms.js';
import type { ReadableFile } from '../../../storage/file.js';
import type { Architecture } from './keras-file.js';
import { BEST } from './member-names.js';

/** The attribute, and the key in the metadata, with the version of Keras. */
const VERSION = 'keras_version';
/** Limits far above any real text. */
export const MAX_CONFIG_BYTES = 64 * 1024 ** 2;
export const MAX_METADATA_BYTES = 1024 ** 2;

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Null if the file is absent. Closes it. */
export async function textIn(file: ReadableFile | null, maxBytes: number): Promise<string | null> {
  try {
    return file && textOf(await file.readAll(maxBytes));
  } finally {
    await file?.close();
  }
}

/** What Keras 2 writes into an HDF5 file beside the weights. */
export async function architectureIn(file: Hdf5File): Promise<Architecture | null> {
  const attributes = await file.root.attributes();
  const textAt = (name: string): string | undefined => {
    const value = attributes.get(name)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const config = textAt('model_config');
  return config === undefined ? null : { config, training: textAt('training_config'), version: textAt(VERSION) };
}

export async function bestIn(file: Hdf5File): Promise<string | null> {
  const value = (await file.root.attributes()).get(BEST)?.value;
  return typeof value === 'string' ? value : null;
}

/** What a `metadata.json` says. Nothing if it is not JSON: Keras does not read it. */
export function metadataOf(text: string | null): {
  readonly version: string | undefined;
  readonly best: string | null;
} {
  const json = text === null ? {} : parsedOrNothing(text);
  const { [VERSION]: version, [BEST]: best } = json;
  return {
    version: typeof version === 'string' ? version : undefined,
    best: typeof best === 'string' ? best : null,
  };
}

function parsedOrNothing(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return isLiteral(json) ? json : {};
  } catch {
    return {};
  }
}

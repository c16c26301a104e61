/** The files of a SavedModel and their sizes. */
import { join } from 'node:path';
import { Directory } from '../../../storage/directory.js';
import { FINGERPRINT, KERAS_METADATA } from '../stored/file-names.js';
import type { StoredModel } from '../stored/stored-model.js';

/** In bytes. */
export interface FileSizes {
  readonly savedModel: number;
  /** The graph in saved_model.pb. */
  readonly graph: number;
  readonly kerasMetadata: number;
  readonly fingerprint: number;
  /** Index and data files. */
  readonly variables: number;
  readonly assets: number;
  /** Of the files above. */
  readonly total: number;
}

export interface AssetSummary {
  /** Below `assets/`. */
  readonly filename: string;
  /** Null if there is no such file. */
  readonly bytes: number | null;
}

const BUNDLE_FILE = /^variables\.(index|data-\d{5}-of-\d{5})$/;

/** Rejects with what looking at files throws. */
export async function filesOf({
  path,
  fileBytes,
  graphBytes,
  metaGraph,
}: StoredModel): Promise<{ bytes: FileSizes; assets: readonly AssetSummary[] }> {
  const beside = await sizesIn(path, () => [KERAS_METADATA, FINGERPRINT]);
  const variables = await sizesIn(join(path, 'variables'), names => names.filter(name => BUNDLE_FILE.test(name)));
  // A name with a path would lead out of the directory. TensorFlow writes none.
  const filenames = [...new Set(metaGraph.assetFileDef.map(({ filename }) => filename))];
  const plain = filenames.filter(name => !/[/\0]/.test(name) && name !== '' && !/^\.\.?$/.test(name));
  const stored = plain.length === 0 ? new Map<string, number>() : await sizesIn(join(path, 'assets'), () => plain);
  const bytes = {
    savedModel: fileBytes,
    graph: graphBytes,
    kerasMetadata: beside.get(KERAS_METADATA) ?? 0,
    fingerprint: beside.get(FINGERPRINT) ?? 0,
    variables: sum(variables),
    assets: sum(stored),
  };
  const { savedModel, kerasMetadata, fingerprint, assets } = bytes;
  return {
    bytes: { ...bytes, total: savedModel + kerasMetadata + fingerprint + bytes.variables + assets },
    assets: filenames.map(filename => ({ filename, bytes: stored.get(filename) ?? null })),
  };
}

/** Of those files of a directory that exist. */
async function sizesIn(path: string, choose: (names: readonly string[]) => readonly string[]) {
  const sizes = new Map<string, number>();
  const directory = await Directory.open(path).catch(() => null);
  if (directory === null) return sizes;
  try {
    for (const name of choose(await directory.list())) {
      const stat = await directory.stat(name);
      if (stat?.kind === 'file') sizes.set(name, stat.size);
    }
    return sizes;
  } finally {
    await directory.close();
  }
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}

/** A model or another object at one moment, as the files of a SavedModel. */
import { resolve } from 'node:path';
import type { CopyBudget } from '../../../bundle/tf-staging.js';
import type { SaveResult, WriterOptions } from '../../../bundle/writer-options.js';
import { saveDirectory } from '../../../commit/directories/directory-save.js';
import { CapturedGraph, type WriteHooks } from '../../../graph/stored/captured-graph.js';
import { withDirectory } from '../../../storage/directory.js';
import { FINGERPRINT, KERAS_METADATA, SAVED_MODEL, VARIABLES } from '../stored/file-names.js';
import { isSavedModelFile } from '../stored/own-files.js';
import type { Contents } from './contents.js';

/** The options of the bundle in it, and of the directory. */
type Writing = Pick<WriterOptions, 'shards' | 'durable' | 'lockTimeoutMs' | 'signal' | 'onProgress'> & {
  overwrite?: 'atomic' | 'error';
};

export class CapturedSavedModel {
  readonly #contents: Contents;
  readonly #graph: CapturedGraph;

  /** Synchronous. Keeps every value until `write` has ended. */
  constructor(contents: Contents, budget: CopyBudget) {
    this.#contents = contents;
    this.#graph = new CapturedGraph(contents.root, budget);
  }

  /** DIR, in the working directory of the call, becomes the SavedModel. Called once. `hooks` are a checkpoint's. */
  async write(
    dir: string,
    { overwrite, ...writer }: Writing,
    hooks: Pick<WriteHooks, 'onStaged' | 'calmly'> = {},
  ): Promise<SaveResult> {
    const { durable = true, signal, lockTimeoutMs } = writer;
    const options = { durable, signal, lockTimeoutMs, overwrite, call: this.#graph.call };
    const absolute = resolve(dir);
    try {
      const { encodeFingerprint, encodeMetadata, encodeSavedModel } = await import('./encoded-files.js');
      const model = encodeSavedModel(this.#contents);
      // Stays so if a later save has taken the place already.
      let result: SaveResult = { prefix: dir, tensors: 0, shards: 0, bytesWritten: 0, bytesLinked: 0 };
      await saveDirectory(absolute, options, isSavedModelFile, async staged => {
        await staged.makeDirectory('assets');
        const { metadata } = this.#contents;
        if (metadata !== undefined) await staged.writeFile(KERAS_METADATA, encodeMetadata(metadata));
        await staged.writeFile(SAVED_MODEL, model.bytes);
        const written = await this.#graph.write(`${staged.path}/${VARIABLES}/${VARIABLES}`, writer, hooks);
        const index = await indexOf(`${staged.path}/${VARIABLES}`);
        await staged.writeFile(FINGERPRINT, await encodeFingerprint(model, index, signal));
        result = { ...written, prefix: dir };
      });
      return result;
    } finally {
      this.#graph.release();
    }
  }
}

/** The bytes of the index that was just written. */
async function indexOf(directory: string): Promise<Uint8Array> {
  const read = await withDirectory(directory, async variables => {
    const file = await variables.open(`${VARIABLES}.index`);
    return await file?.readAll(file.size).finally(() => file.close());
  });
  return read ?? new Uint8Array();
}

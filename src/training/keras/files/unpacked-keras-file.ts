/** A directory that holds what a `.keras` archive holds: `keras.saving.save_model(model, path, zipped=False)`. */
import '../../../disposal.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import type { Architecture, KerasFile } from './keras-file.js';
import { metadataOf } from './stored-texts.js';

export class UnpackedKerasFile implements KerasFile {
  constructor(
    readonly path: string,
    /** What is in the files of the directory. */
    private readonly config: string,
    private readonly metadata: string | null,
    private readonly inner: KerasFile,
  ) {}

  get bytes(): number {
    return this.inner.bytes;
  }

  async architecture(): Promise<Architecture> {
    return { config: this.config, version: metadataOf(this.metadata).version };
  }

  weights(): Promise<Hdf5File> {
    return this.inner.weights();
  }

  async best(): Promise<string | null> {
    return metadataOf(this.metadata).best;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }
}

/** An HDF5 file of Keras: `.weights.h5` of Keras 3, or `.h5` of Keras 2, of a whole model or of weights alone. */
import '../../../disposal.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { openHdf5 } from '../../../hdf5/open-hdf5.js';
import type { ReadableFile } from '../../../storage/file.js';
import { type Architecture, closeAll, type KerasFile } from './keras-file.js';
import { architectureIn, bestIn } from './stored-texts.js';

export class Hdf5KerasFile implements KerasFile {
  readonly #opened: AsyncDisposable[];
  #hdf5: Promise<Hdf5File> | undefined;

  constructor(
    private readonly file: ReadableFile,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#opened = [{ [Symbol.asyncDispose]: () => file.close() }];
  }

  get path(): string {
    return this.file.path;
  }

  get bytes(): number {
    return this.file.size;
  }

  async architecture(): Promise<Architecture | null> {
    return await architectureIn(await this.weights());
  }

  weights(): Promise<Hdf5File> {
    this.#hdf5 ??= this.#open();
    return this.#hdf5;
  }

  async best(): Promise<string | null> {
    return await bestIn(await this.weights());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#opened);
  }

  async #open(): Promise<Hdf5File> {
    const { path, file, signal } = this;
    const hdf5 = await openHdf5({ path, file, start: 0, size: file.size }, { signal });
    this.#opened.push(hdf5);
    return hdf5;
  }
}

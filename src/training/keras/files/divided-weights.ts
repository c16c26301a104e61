/** Weights that Keras 3 has divided among several HDF5 files (`max_shard_size`), which a `.weights.json` names. */
import '../../../disposal.js';
import { TensorBundleError, throwIfAborted } from '../../../errors.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { openHdf5 } from '../../../hdf5/open-hdf5.js';
import type { Directory } from '../../../storage/directory.js';
import type { ReadableFile } from '../../../storage/file.js';
import { closeAll, type KerasFile } from './keras-file.js';
import { mergedHdf5 } from './merged-hdf5.js';

export class DividedWeights implements KerasFile {
  readonly #opened: AsyncDisposable[];
  #hdf5: Promise<Hdf5File> | undefined;

  private constructor(
    readonly path: string,
    private readonly files: readonly ReadableFile[],
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#opened = files.map(file => ({ [Symbol.asyncDispose]: () => file.close() }));
  }

  /** `names`: of the files, all of which are opened now. Throws ERR_MISSING_SHARD. */
  static async open(
    path: string,
    directory: Directory,
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<DividedWeights> {
    const files: ReadableFile[] = [];
    try {
      for (const name of names) {
        throwIfAborted(signal, 'the load');
        const file = await directory.open(name);
        if (file === null) {
          throw new TensorBundleError(
            'ERR_MISSING_SHARD',
            `${directory.pathOf(name)} does not exist; ${path} names it`,
            {
              path: directory.pathOf(name),
            },
          );
        }
        files.push(file);
      }
      return new DividedWeights(path, files, signal);
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  async architecture(): Promise<null> {
    return null;
  }

  weights(): Promise<Hdf5File> {
    this.#hdf5 ??= this.#open();
    return this.#hdf5;
  }

  async best(): Promise<null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#opened);
  }

  async #open(): Promise<Hdf5File> {
    const parts: Hdf5File[] = [];
    for (const file of this.files) {
      const part = await openHdf5({ path: file.path, file, start: 0, size: file.size }, { signal: this.signal });
      this.#opened.push(part);
      parts.push(part);
    }
    return mergedHdf5(this.path, parts);
  }
}

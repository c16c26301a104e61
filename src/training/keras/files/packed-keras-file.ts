/** A `.keras` archive, as Keras 3 and tf_keras write it. */
import '../../../disposal.js';
import type { Archive } from '../../../archive/archive.js';
import { checkProgress } from '../../../bundle/verify.js';
import { TensorBundleError } from '../../../errors.js';
import type { LoadHooks } from '../../../graph/restore/restore-source.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { openHdf5 } from '../../../hdf5/open-hdf5.js';
import type { ReadableFile } from '../../../storage/file.js';
import { type Architecture, closeAll, type KerasFile } from './keras-file.js';
import { ASSETS, CONFIG, METADATA, NUMPY_WEIGHTS, WEIGHTS } from './member-names.js';
import { MAX_CONFIG_BYTES, MAX_METADATA_BYTES, metadataOf, textOf } from './stored-texts.js';

/** The most names that an error tells. */
const MOST_TOLD = 10;

export class PackedKerasFile implements KerasFile {
  readonly #opened: AsyncDisposable[];
  #hdf5: Promise<Hdf5File> | undefined;

  constructor(
    private readonly file: ReadableFile,
    private readonly archive: Archive,
    private readonly hooks: LoadHooks,
  ) {
    this.#opened = [{ [Symbol.asyncDispose]: () => file.close() }];
  }

  get path(): string {
    return this.file.path;
  }

  get bytes(): number {
    return this.archive.entries.get(WEIGHTS)?.bytes ?? 0;
  }

  async architecture(): Promise<Architecture> {
    this.#require(CONFIG);
    const hasAssets = [...this.archive.entries.keys()].some(name => name.startsWith(ASSETS));
    return {
      config: textOf(await this.archive.read(CONFIG, MAX_CONFIG_BYTES, this.hooks.signal)),
      version: metadataOf(await this.#metadata()).version,
      ignored: hasAssets ? 'the files of its layers (assets, such as vocabularies) are not read' : undefined,
    };
  }

  weights(): Promise<Hdf5File> {
    this.#hdf5 ??= this.#open();
    return this.#hdf5;
  }

  async best(): Promise<string | null> {
    return metadataOf(await this.#metadata()).best;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#opened);
  }

  async #open(): Promise<Hdf5File> {
    this.#require(WEIGHTS);
    const { signal, onProgress } = this.hooks;
    const onBytes = onProgress && checkProgress(this.bytes, onProgress);
    const range = await this.archive.range(WEIGHTS, signal, onBytes);
    this.#opened.push(range);
    // What was inflated was checked then. HDF5 itself has no checksums of values.
    if (range.file === this.file) await this.archive.check(WEIGHTS, signal, onBytes);
    const hdf5 = await openHdf5(range, { signal });
    this.#opened.push(hdf5);
    return hdf5;
  }

  async #metadata(): Promise<string | null> {
    if (!this.archive.entries.has(METADATA)) return null;
    return textOf(await this.archive.read(METADATA, MAX_METADATA_BYTES, this.hooks.signal));
  }

  #require(name: string): void {
    const { path, entries } = this.archive;
    if (entries.has(name)) return;
    const isNumPy = name === WEIGHTS && entries.has(NUMPY_WEIGHTS);
    throw new TensorBundleError(
      isNumPy ? 'ERR_NOT_SUPPORTED' : 'ERR_NOT_A_CHECKPOINT',
      isNumPy
        ? `${path} holds its weights as arrays of NumPy; in Keras, load it and save it as usual`
        : `${path} is a zip archive, but not a .keras file: there is no ${name} in it`,
      { path, expected: name, found: [...entries.keys()].slice(0, MOST_TOLD) },
    );
  }
}

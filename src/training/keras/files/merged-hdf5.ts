/**
 * Several HDF5 files as one: what Keras has divided among them (`save_weights(path, max_shard_size=…)`). A group that
 * is in several files has the members of all of them.
 */
import '../../../disposal.js';
import { TensorBundleError } from '../../../errors.js';
import type { TensorValue } from '../../../format/dtypes.js';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5File, Hdf5Group } from '../../../hdf5/hdf5-file.js';
import type { ReadMemory } from '../../../storage/read-memory.js';

type Member = Hdf5Group | Hdf5Dataset;

/** A dataset of the whole, and where it is. */
interface Place {
  readonly file: Hdf5File;
  readonly dataset: Hdf5Dataset;
}

/** Closes the files with it. */
export function mergedHdf5(path: string, files: readonly Hdf5File[]): Hdf5File {
  return new MergedHdf5(path, files);
}

class MergedHdf5 implements Hdf5File {
  readonly root: Hdf5Group;
  readonly #places = new WeakMap<Hdf5Dataset, Place>();

  constructor(
    readonly path: string,
    private readonly files: readonly Hdf5File[],
  ) {
    this.root = this.#group(files.map((file, i) => ({ file, i, group: file.root })));
  }

  async at(path: string): Promise<Member | undefined> {
    let at: Member | undefined = this.root;
    for (const name of path.split('/').filter(part => part !== '')) {
      if (at?.kind !== 'group') return undefined;
      at = await at.child(name);
    }
    return at;
  }

  async read(dataset: Hdf5Dataset): Promise<TensorValue> {
    const { file, dataset: own } = this.#place(dataset);
    return await file.read(own);
  }

  async readAll(datasets: readonly Hdf5Dataset[], memory?: ReadMemory): Promise<TensorValue[]> {
    const values: TensorValue[] = new Array(datasets.length);
    for (const file of this.files) {
      const here = [...datasets.keys()].filter(i => this.#place(datasets[i]!).file === file);
      const read = await file.readAll(
        here.map(i => this.#place(datasets[i]!).dataset),
        memory,
      );
      for (const [j, i] of here.entries()) values[i] = read[j]!;
    }
    return values;
  }

  async *pieces(dataset: Hdf5Dataset, bytes?: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { file, dataset: own } = this.#place(dataset);
    yield* file.pieces(own, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file[Symbol.asyncDispose]();
  }

  #place(dataset: Hdf5Dataset): Place {
    const place = this.#places.get(dataset);
    if (place === undefined) throw new Error(`${dataset.path} is not a dataset of ${this.path}`);
    return place;
  }

  #group(parts: readonly { readonly file: Hdf5File; readonly i: number; readonly group: Hdf5Group }[]): Hdf5Group {
    const [first] = parts;
    return {
      kind: 'group',
      path: first!.group.path,
      id: parts.map(({ i, group }) => `${i}:${group.id}`).join(' '),
      names: async () => {
        const names = new Set<string>();
        for (const { group } of parts) for (const name of await group.names()) names.add(name);
        return [...names];
      },
      child: async name => {
        const groups: (typeof parts)[number][] = [];
        let found: { place: Place; i: number } | undefined;
        for (const { file, i, group } of parts) {
          const member = await group.child(name);
          if (member?.kind === 'group') groups.push({ file, i, group: member });
          else if (member !== undefined && found !== undefined) throw this.#twice(member);
          else if (member !== undefined) found = { place: { file, dataset: member }, i };
        }
        if (found !== undefined && groups.length > 0) throw this.#twice(found.place.dataset);
        return found !== undefined
          ? this.#dataset(found.place, found.i)
          : groups.length > 0
            ? this.#group(groups)
            : undefined;
      },
      attributes: async () => {
        const all = new Map<string, Hdf5Attribute>();
        for (const { group } of parts)
          for (const [name, attribute] of await group.attributes()) if (!all.has(name)) all.set(name, attribute);
        return all;
      },
    };
  }

  #dataset(place: Place, i: number): Hdf5Dataset {
    const { dataset } = place;
    const { path, dtype, stored, shape, bytes } = dataset;
    const outer: Hdf5Dataset = {
      kind: 'dataset',
      path,
      id: `${i}:${dataset.id}`,
      dtype,
      stored,
      shape,
      bytes,
      // It is an offset in one of several files.
      offset: null,
      attributes: () => dataset.attributes(),
    };
    this.#places.set(outer, place);
    return outer;
  }

  #twice({ path }: Hdf5Dataset): TensorBundleError {
    return new TensorBundleError('ERR_CORRUPT', `${path} is in more than one of the files of ${this.path}`, {
      path: this.path,
      tensor: path,
    });
  }
}

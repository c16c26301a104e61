/** Groups and datasets of a file that this package reads itself. They keep nothing of the file but what they say. */
import { TensorBundleError } from '../../errors.js';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5DType, Hdf5Group } from '../hdf5-file.js';
import { readAttributes, readTextAttribute } from './attribute-messages.js';
import type { Fields } from './fields.js';
import type { GlobalHeap } from './global-heap.js';
import { isGroup, readLinks } from './links.js';
import { MESSAGE, type Message, readObjectHeader } from './object-header.js';
import type { Links } from './old-group.js';
import { type OtherReader, UnknownStructure } from './other-reader.js';
import { isDataset, readDataset, type StoredDataset } from './stored-dataset.js';
import type { Structures } from './structures.js';

/** How deep groups may be nested. A group may be in itself, so a path has no natural end. */
const MAX_DEPTH = 256;
/** How many soft links one name may lead through (H5L_NUM_LINKS). */
const MAX_SOFT_LINKS = 16;

/** What all objects of a file share. */
export interface PlainParts {
  readonly structures: Structures;
  readonly heap: GlobalHeap;
  readonly other: OtherReader;
}

/** Where an object is: how it was reached, and its address. */
interface Place {
  readonly path: string;
  readonly address: number;
}

type PlainObject = PlainGroup | PlainDataset;

/** The object at an address. Throws ERR_NOT_SUPPORTED if it is neither a group nor a dataset. */
export async function openObject(parts: PlainParts, place: Place): Promise<PlainObject> {
  const { structures } = parts;
  const messages = await readObjectHeader(structures, place.address);
  if (isGroup(messages)) return new PlainGroup(parts, place);
  if (!isDataset(messages)) throw neither(structures.range.path, place.path);
  const stored = readDataset(structures, place.path, messages);
  return new PlainDataset(parts, place, stored, await isBfloat16(parts, stored, messages));
}

/** Keras stores bfloat16 as two bytes of no type, and names the type in an attribute. */
async function isBfloat16(parts: PlainParts, { type }: StoredDataset, messages: readonly Message[]): Promise<boolean> {
  if (!type.isOpaque || type.size !== 2) return false;
  return (await readTextAttribute(attributesIn(messages), 'dtype', parts.heap)) === 'bfloat16';
}

export class PlainGroup implements Hdf5Group {
  readonly kind = 'group';
  readonly path: string;
  readonly id: string;
  #links: Promise<Links> | null = null;

  constructor(
    private readonly parts: PlainParts,
    private readonly place: Place,
  ) {
    this.path = place.path;
    this.id = String(place.address);
  }

  async names(): Promise<readonly string[]> {
    const own = async (): Promise<readonly string[]> => [...(await this.#linksNow()).keys()];
    return await this.parts.other.instead(own, async file => {
      const same = await file.at(this.path);
      return same?.kind === 'group' ? await same.names() : [];
    });
  }

  async child(name: string): Promise<Hdf5Group | Hdf5Dataset | undefined> {
    const own = (): Promise<PlainObject | undefined> => this.#follow(name, { left: MAX_SOFT_LINKS });
    return await this.parts.other.instead<Hdf5Group | Hdf5Dataset | undefined>(own, file =>
      file.at(this.#pathOf(name)),
    );
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>> {
    return attributesOf(this.parts, this.place);
  }

  async #follow(name: string, budget: { left: number }): Promise<PlainObject | undefined> {
    const link = (await this.#linksNow()).get(name);
    if (link === undefined) return undefined;
    const path = this.#pathOf(name);
    if (link.kind === 'external') throw this.#external(path);
    if (link.kind === 'soft') {
      if (budget.left-- === 0) throw this.#tooManyLinks(path);
      const target = await this.#target(link.to, budget);
      return target && (await openObject(this.parts, { path, address: Number(target.id) }));
    }
    if (path.split('/', MAX_DEPTH + 1).length > MAX_DEPTH) throw this.#tooDeep(path);
    return await openObject(this.parts, { path, address: link.address });
  }

  #pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}/${name}`;
  }

  async #target(to: string, budget: { left: number }): Promise<PlainObject | undefined> {
    const { structures } = this.parts;
    let at: PlainObject | undefined = this;
    if (to.startsWith('/')) at = new PlainGroup(this.parts, { path: '', address: structures.root });
    for (const name of to.split('/')) {
      if (name === '' || name === '.') continue;
      if (at?.kind !== 'group') return undefined;
      at = await at.#follow(name, budget);
    }
    return at;
  }

  /** Read once; a read that fails is begun again. */
  #linksNow(): Promise<Links> {
    this.#links ??= this.#readLinks().catch(error => {
      this.#links = null;
      throw error;
    });
    return this.#links;
  }

  async #readLinks(): Promise<Links> {
    const { structures } = this.parts;
    return await readLinks(structures, await readObjectHeader(structures, this.place.address));
  }

  #external(path: string): TensorBundleError {
    const file = this.parts.structures.range.path;
    return new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `${file}: '${path}' is in another file; copy all into one file with h5repack or h5py`,
      { path: file, tensor: path },
    );
  }

  #tooManyLinks(path: string): TensorBundleError {
    const file = this.parts.structures.range.path;
    return new TensorBundleError(
      'ERR_TOO_LARGE',
      `${file}: '${path}' leads through more than ${MAX_SOFT_LINKS} soft links, perhaps in a circle`,
      { path: file, tensor: path, expected: MAX_SOFT_LINKS },
    );
  }

  #tooDeep(path: string): TensorBundleError {
    const file = this.parts.structures.range.path;
    const start = path.slice(0, 80);
    return new TensorBundleError(
      'ERR_TOO_LARGE',
      `${file}: groups are nested more than ${MAX_DEPTH} deep, at '${start}…'; perhaps one is in itself`,
      { path: file, expected: MAX_DEPTH },
    );
  }
}

export class PlainDataset implements Hdf5Dataset {
  readonly kind = 'dataset';
  readonly path: string;
  readonly id: string;
  readonly dtype: Hdf5DType;
  readonly stored: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly offset: number | null;

  constructor(
    readonly parts: PlainParts,
    private readonly place: Place,
    readonly content: StoredDataset,
    isBfloat16: boolean,
  ) {
    const { type, shape, bytes, storage } = content;
    this.path = place.path;
    this.id = String(place.address);
    this.stored = shape === null ? `nothing of ${type.stored}` : type.stored;
    this.dtype = shape === null ? 'unknown' : isBfloat16 ? 'bfloat16' : type.dtype;
    this.shape = shape ?? [];
    this.bytes = bytes;
    const isAsTensor = this.dtype !== 'string' && this.dtype !== 'unknown' && !type.isSwapped;
    this.offset = storage.kind === 'row' && isAsTensor ? storage.offset : null;
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>> {
    return attributesOf(this.parts, this.place);
  }
}

async function attributesOf(parts: PlainParts, { path, address }: Place): Promise<ReadonlyMap<string, Hdf5Attribute>> {
  const own = async (): Promise<ReadonlyMap<string, Hdf5Attribute>> => {
    const messages = await readObjectHeader(parts.structures, address);
    return await readAttributes(attributesIn(messages), parts.heap);
  };
  return await parts.other.instead(own, async file => {
    const same = await file.at(path);
    return same === undefined ? new Map<string, Hdf5Attribute>() : await same.attributes();
  });
}

function attributesIn(messages: readonly Message[]): Fields[] {
  const own = messages.filter(({ type }) => type === MESSAGE.attribute);
  if (own.some(({ isShared }) => isShared)) throw new UnknownStructure('attributes that are stored elsewhere');
  const info = messages.find(({ type }) => type === MESSAGE.attributeInfo)?.fields.copy();
  if (info !== undefined) {
    info.skip(1);
    info.skip(info.u8() & 1 ? 2 : 0);
    if (info.address() !== null) throw new UnknownStructure('attributes in the form of the latest HDF5');
  }
  return own.map(({ fields }) => fields);
}

function neither(path: string, object: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_SUPPORTED', `${path}: '${object}' is neither a group nor a dataset`, {
    path,
    tensor: object,
  });
}

/**
 * An HDF5 file as one stream of bytes, written from front to back. All addresses are known before the first byte, so no
 * data is held: headers and names come first, then texts, then the data of each dataset when its turn comes. What is
 * written is what h5py writes by default, and every reader knows: superblock 0, groups with symbol tables, object
 * headers of version 1, data in one piece. There are no times in it, so the same content makes the same bytes.
 */
import { TensorBundleError, throwIfAborted } from '../../errors.js';
import { isBytes } from '../../realms.js';
import { Block, NOWHERE, paddedTo } from './block.js';
import type { GroupToWrite } from './content.js';
import { GatheredPieces } from './gathered-pieces.js';
import { HeaderMessages, placeTexts } from './header-messages.js';
import { objectsOf, type PlacedDataset, type PlacedGroup, type PlacedObject } from './object-tree.js';
import {
  addSymbol,
  encodedTable,
  NODE_NAMES,
  type TablePlace,
  TREE_CHILDREN,
  tableBytes,
  tablePlace,
} from './symbol-tables.js';
import { TextCollections, type TextPlace } from './text-collections.js';

const SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
const SUPERBLOCK_BYTES = 96;
/** Where data begins: at a multiple of this, so that it can be mapped and used as it lies. */
const ALIGNMENT = 64;

export interface PlannedHdf5 {
  /** Of the whole file. */
  readonly bytes: number;
  /** The file, in pieces that nobody changes afterwards, unless a source of data does. Call it once. */
  pieces(signal?: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Asks for no data yet. `path` is for messages. Throws ERR_INVALID_ARGUMENT, ERR_BAD_NAME, ERR_NOT_SUPPORTED and
 * ERR_TOO_LARGE, each with the path in the file as `tensor`.
 */
export function planHdf5(root: GroupToWrite, path: string): PlannedHdf5 {
  const plan = new Plan(root, path);
  return { bytes: plan.bytes, pieces: signal => plan.pieces(signal) };
}

class Plan {
  readonly bytes: number;
  readonly #objects: readonly PlacedObject[];
  readonly #texts = new TextCollections();
  /** Of each object, attribute by attribute. */
  readonly #places = new Map<PlacedObject, readonly (readonly TextPlace[])[]>();
  #heap = 0;

  constructor(
    root: GroupToWrite,
    private readonly path: string,
  ) {
    this.#objects = objectsOf(root);
    let at = SUPERBLOCK_BYTES;
    for (const object of this.#objects) {
      const { attributes } = object;
      if (attributes.size > 0) {
        this.#places.set(
          object,
          [...attributes.values()].map(attribute => placeTexts(attribute, this.#texts)),
        );
      }
      object.address = at;
      at += this.#header(object).byteLength;
      if (object.kind === 'dataset') continue;
      object.tableAddress = at;
      at += tableBytes(namesOf(object));
    }
    this.#heap = at;
    at += this.#texts.bytes;
    for (const object of this.#objects) {
      if (object.kind === 'group') continue;
      object.dataAddress = object.bytes === 0 ? NOWHERE : paddedTo(at, ALIGNMENT);
      if (object.bytes > 0) at = object.dataAddress + object.bytes;
    }
    this.bytes = at;
    if (Number.isSafeInteger(at)) return;
    throw new TensorBundleError('ERR_TOO_LARGE', `${path} would be larger than any file can be`, { path });
  }

  async *pieces(signal?: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    const gathered = new GatheredPieces();
    yield* gathered.add(this.#superblock());
    for (const object of this.#objects) {
      throwIfAborted(signal, 'the save');
      yield* gathered.add(this.#header(object));
      if (object.kind === 'group') yield* gathered.add(encodedTable(linksOf(object), object.tableAddress));
    }
    for (const block of this.#texts.blocks()) yield* gathered.add(block);
    for (const object of this.#objects) {
      if (object.kind === 'group' || object.bytes === 0) continue;
      yield* gathered.add(new Uint8Array(object.dataAddress - gathered.length));
      for await (const piece of this.#data(object)) {
        throwIfAborted(signal, 'the save');
        yield* gathered.add(piece);
      }
    }
    yield* gathered.end();
  }

  #superblock(): Uint8Array {
    const root = this.#objects[0] as PlacedGroup;
    const block = new Block(SUPERBLOCK_BYTES).append(SIGNATURE).u8(0, 0, 0, 0, 0, 8, 8, 0);
    block
      .u16(NODE_NAMES / 2)
      .u16(TREE_CHILDREN / 2)
      .u32(0);
    block.u64(0).u64(NOWHERE).u64(this.bytes).u64(NOWHERE);
    addSymbol(block, 0, { address: root.address, table: tableOf(root) });
    return block.finish();
  }

  #header(object: PlacedObject): Uint8Array {
    const messages = new HeaderMessages(object.path);
    if (object.kind === 'group') messages.addGroup(tableOf(object));
    else messages.addDataset(object.type, object.dataset.shape, object.dataAddress, object.bytes);
    const places = this.#places.get(object) ?? [];
    let at = 0;
    for (const [name, attribute] of object.attributes) {
      messages.addAttribute(name, attribute, places[at++]!, this.#heap);
    }
    return messages.done(object.links);
  }

  /** The bytes of a dataset, as many as it must have. */
  async *#data({ path, dataset, bytes }: PlacedDataset): AsyncGenerator<Uint8Array, void, undefined> {
    const data = await dataset.data();
    let length = 0;
    for await (const piece of isBytes(data) ? [data] : data) {
      length += piece.byteLength;
      if (length > bytes) break;
      yield piece;
    }
    if (length === bytes) return;
    throw new TensorBundleError(
      'ERR_SHAPE',
      `the source of '${path}' in ${this.path} gave ${length > bytes ? 'more' : length} bytes, but its type and ` +
        `shape need ${bytes}`,
      { path: this.path, tensor: path, expected: bytes, found: length },
    );
  }
}

function namesOf({ children }: PlacedGroup): string[] {
  return children.map(([name]) => name);
}

function tableOf(group: PlacedGroup): TablePlace {
  return tablePlace(namesOf(group), group.tableAddress);
}

function linksOf({ children }: PlacedGroup): Parameters<typeof encodedTable>[0] {
  return children.map(([name, child]) => {
    const table = child.kind === 'group' ? tableOf(child) : undefined;
    return { name, address: child.address, table };
  });
}

/** The links of an old group: a B-tree over nodes of symbols, whose names lie in a local heap. */
import { TensorBundleError } from '../../errors.js';
import { leavesOf } from './btree.js';
import type { Fields } from './fields.js';
import type { Structures } from './structures.js';
import { textOf } from './text.js';

/** What a name in a group leads to. */
export type Link =
  /** Address of an object header. */
  | { readonly kind: 'hard'; readonly address: number }
  /** A path, from the root or from the group of the link. */
  | { readonly kind: 'soft'; readonly to: string }
  /** To another file. */
  | { readonly kind: 'external' };

export type Links = ReadonlyMap<string, Link>;

/** Names of one group. */
const MAX_HEAP_BYTES = 64 * 1024 * 1024;
/** The kind of a symbol that is a soft link. */
const SOFT = 2;
const SCRATCH_BYTES = 16;

/** `table` is the contents of a symbol table message. */
export async function readOldLinks(structures: Structures, table: Fields): Promise<Links> {
  const { address, length } = structures.widths;
  const tree = table.address();
  const heap = await readHeap(structures, table.address());
  const links = new Map<string, Link>();
  for await (const leaf of leavesOf(structures, tree, { type: 0, keyBytes: length })) {
    const start = await structures.fields(leaf.address, 8, 'the symbols of a group');
    start.signature('SNOD');
    const version = start.u8();
    if (version !== 1) throw start.corrupt(`symbols of version ${version}`);
    start.skip(1);
    const count = start.u16le();
    const bytes = count * (2 * address + 8 + SCRATCH_BYTES);
    const symbols = await structures.fields(leaf.address + 8, bytes, 'the symbols of a group');
    for (let i = 0; i < count; i++) addSymbol(symbols, heap, links);
  }
  return links;
}

function addSymbol(symbols: Fields, heap: Heap, links: Map<string, Link>): void {
  const { at } = symbols;
  // An offset is as wide as an address.
  const nameAt = symbols.sized(symbols.widths.address);
  const header = symbols.address();
  const kind = symbols.u32le();
  symbols.skip(4);
  const scratch = symbols.part(SCRATCH_BYTES);
  const name = heap.textAt(nameAt);
  if (name === '' || links.has(name))
    throw symbols.corrupt(`a group has two links '${name}', or one without a name`, at);
  if (kind === SOFT) links.set(name, { kind: 'soft', to: heap.textAt(scratch.u32le()) });
  else if (header === null) throw symbols.corrupt(`the link '${name}' leads nowhere`, at);
  else links.set(name, { kind: 'hard', address: header });
}

/** Names of a group. Together they are not longer than the heap, unless several lie in the same place. */
class Heap {
  #left: number;

  constructor(private readonly fields: Fields) {
    this.#left = fields.remaining;
  }

  textAt(offset: number): string {
    const { source, at, end } = this.fields;
    const start = Math.min(at + offset, end);
    const rest = source.subarray(start, end);
    const bytes = rest.indexOf(0);
    if (bytes < 0) throw this.fields.corrupt('a name does not end', start);
    this.#left -= bytes + 1;
    if (this.#left < 0) throw this.fields.corrupt('names of a group lie in each other', start);
    return textOf(rest.subarray(0, bytes));
  }
}

async function readHeap(structures: Structures, address: number | null): Promise<Heap> {
  const { path } = structures.range;
  const start = await structures.fields(address, 8 + 2 * structures.widths.length + structures.widths.address, 'names');
  start.signature('HEAP');
  const version = start.u8();
  if (version !== 0) throw start.corrupt(`a heap of version ${version}`);
  start.skip(3);
  const bytes = start.length();
  // What is free in it.
  start.length();
  if (bytes <= MAX_HEAP_BYTES) return new Heap(await structures.fields(start.address(), bytes, 'names'));
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path}: the names in one group have ${bytes} bytes, more than the ${MAX_HEAP_BYTES} they may have`,
    { path, offset: start.origin.offset, expected: MAX_HEAP_BYTES, found: bytes },
  );
}

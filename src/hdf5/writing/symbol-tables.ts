/**
 * The names of a group, as old HDF5 has them: a heap of the names; nodes of up to eight names in order, each with the
 * address of its object; and a tree over these nodes, which has as many levels as it needs.
 */
import { Block, NOWHERE, paddedTo } from './block.js';

/** Names of a node, and nodes below a node of the tree, at most. The superblock says the halves of both. */
export const NODE_NAMES = 8;
export const TREE_CHILDREN = 32;

const TREE_BYTES = 24 + 8 * TREE_CHILDREN + 8 * (TREE_CHILDREN + 1);
const NODE_BYTES = 8 + 40 * NODE_NAMES;
const HEAP_HEAD_BYTES = 32;
/** An empty heap still has room for a name. */
const LEAST_HEAP_BYTES = 24;
/** What a heap without free space says of where that begins. */
const NOTHING_FREE = 1;

/** Where a group's table is. */
export interface TablePlace {
  readonly tree: number;
  readonly heap: number;
}

/** A name, and the object that it leads to. */
interface Link {
  readonly name: string;
  /** Of the header of the object. */
  readonly address: number;
  /** Of the table of the object, if that is a group. */
  readonly table: TablePlace | undefined;
}

/** How many nodes there are at each level: names first, the top of the tree last. */
function levelsOf(names: number): number[] {
  const levels = [Math.ceil(names / NODE_NAMES)];
  do levels.push(Math.max(1, Math.ceil(levels.at(-1)! / TREE_CHILDREN)));
  while (levels.at(-1)! > 1);
  return levels;
}

export function tableBytes(names: readonly string[]): number {
  const [nodes = 0, ...trees] = levelsOf(names.length);
  const inTree = trees.reduce((sum, count) => sum + count, 0);
  return inTree * TREE_BYTES + HEAP_HEAD_BYTES + heapBytes(names) + nodes * NODE_BYTES;
}

function heapBytes(names: readonly string[]): number {
  const bytes = names.reduce((sum, name) => sum + paddedTo(Buffer.byteLength(name) + 1), 8);
  return Math.max(bytes, LEAST_HEAP_BYTES);
}

/** The top of the tree comes first, and the heap after the tree. `start`: address of the whole. */
export function tablePlace(names: readonly string[], start: number): TablePlace {
  const [, ...trees] = levelsOf(names.length);
  return { tree: start, heap: start + trees.reduce((sum, count) => sum + count, 0) * TREE_BYTES };
}

/** `links` in the order of their names' bytes. */
export function encodedTable(links: readonly Link[], start: number): Uint8Array {
  const names = links.map(({ name }) => name);
  const { heap } = tablePlace(names, start);
  const { block: heapBlock, offsets } = encodedHeap(names, heap);
  const block = new Block(tableBytes(names));
  const levels = levelsOf(links.length);
  const nodesAt = heap + heapBlock.length;
  // The offset of the last name below each node of a level.
  let lasts = Array.from({ length: levels[0]! }, (_, i) => offsets[Math.min((i + 1) * NODE_NAMES, links.length) - 1]!);
  let [at, below, size] = [heap, nodesAt, NODE_BYTES];
  const trees: Block[] = [];
  for (const [level, count] of levels.slice(1).entries()) {
    at -= count * TREE_BYTES;
    trees.unshift(treeLevel(level, count, lasts, { at, below, size }));
    lasts = Array.from({ length: count }, (_, i) => lasts[Math.min((i + 1) * TREE_CHILDREN, lasts.length) - 1] ?? 0);
    [below, size] = [at, TREE_BYTES];
  }
  for (const tree of trees) block.append(tree.finish());
  block.append(heapBlock.finish());
  for (let i = 0; i < links.length; i += NODE_NAMES) appendNode(block, links, offsets, i);
  return block.finish();
}

interface LevelPlace {
  /** Of its first node. */
  at: number;
  /** Of the first node of the level below, and the bytes of each there. */
  below: number;
  size: number;
}

/** A key before each child and after the last: the greatest name up to there, as its offset in the heap. */
function treeLevel(level: number, count: number, lasts: readonly number[], place: LevelPlace): Block {
  const block = new Block(count * TREE_BYTES);
  for (let i = 0; i < count; i++) {
    const first = i * TREE_CHILDREN;
    const children = Math.min(TREE_CHILDREN, lasts.length - first);
    block.append(Buffer.from('TREE')).u8(0, level).u16(children);
    block.u64(i === 0 ? NOWHERE : place.at + (i - 1) * TREE_BYTES);
    block.u64(i === count - 1 ? NOWHERE : place.at + (i + 1) * TREE_BYTES);
    block.u64(first === 0 ? 0 : lasts[first - 1]!);
    for (let child = first; child < first + children; child++) {
      block.u64(place.below + child * place.size).u64(lasts[child]!);
    }
    block.zeros((i + 1) * TREE_BYTES - block.length);
  }
  return block;
}

/** The first name is empty: a tree begins with it. */
function encodedHeap(names: readonly string[], at: number): { block: Block; offsets: number[] } {
  const size = heapBytes(names);
  const block = new Block(HEAP_HEAD_BYTES + size).append(Buffer.from('HEAP')).u8(0, 0, 0, 0);
  const used = names.length === 0 ? 8 : size;
  block.u64(size).u64(used === size ? NOTHING_FREE : used);
  block.u64(at + HEAP_HEAD_BYTES).zeros(8);
  const offsets: number[] = [];
  for (const name of names) {
    offsets.push(block.length - HEAP_HEAD_BYTES);
    block.append(Buffer.from(`${name}\0`)).pad();
  }
  if (used < size) block.u64(NOTHING_FREE).u64(size - used);
  return { block: block.zeros(HEAP_HEAD_BYTES + size - block.length), offsets };
}

function appendNode(block: Block, links: readonly Link[], offsets: readonly number[], first: number): void {
  const some = links.slice(first, first + NODE_NAMES);
  block.append(Buffer.from('SNOD')).u8(1, 0).u16(some.length);
  for (const [i, link] of some.entries()) addSymbol(block, offsets[first + i]!, link);
  block.zeros((NODE_NAMES - some.length) * 40);
}

/** One entry of a table; also the root's, in the superblock. */
export function addSymbol(block: Block, offset: number, { address, table }: Omit<Link, 'name'>): void {
  block.u64(offset).u64(address);
  block.u32(table === undefined ? 0 : 1).u32(0);
  block.u64(table?.tree ?? 0).u64(table?.heap ?? 0);
}

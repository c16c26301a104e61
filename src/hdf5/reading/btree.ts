/** B-trees of version 1. Their leaves are the nodes of a group's symbols, or the chunks of a dataset. */
import type { Fields } from './fields.js';
import type { Structures } from './structures.js';

interface TreeKind {
  readonly type: number;
  readonly keyBytes: number;
}

interface Leaf {
  /** The key before it. */
  readonly key: Fields;
  readonly address: number;
}

/** A node that is still to be read. Null: any level will do. */
interface Awaited {
  readonly address: number | null;
  readonly level: number | null;
}

/**
 * All leaves of a tree, in order. No address is visited twice, so that a damaged tree takes no more time than a whole
 * one of its size.
 */
export async function* leavesOf(
  structures: Structures,
  root: number | null,
  kind: TreeKind,
): AsyncGenerator<Leaf, void, undefined> {
  const seen = new Set<number | null>([root]);
  /** The next one is the last. */
  const nodes: Awaited[] = [{ address: root, level: null }];
  for (let next = nodes.pop(); next !== undefined; next = nodes.pop()) {
    const { level, children } = await readNode(structures, next, kind);
    for (const { key, address } of children) {
      if (seen.has(address)) throw key.corrupt('two places of a tree lead to the same', key.at, { found: address });
      seen.add(address);
    }
    if (level === 0) yield* children;
    else for (const { address } of children.reverse()) nodes.push({ address, level: level - 1 });
  }
}

async function readNode(
  structures: Structures,
  { address, level: expected }: Awaited,
  { type, keyBytes }: TreeKind,
): Promise<{ level: number; children: Leaf[] }> {
  const addressBytes = structures.widths.address;
  const startBytes = 8 + 2 * addressBytes;
  const start = await structures.fields(address, startBytes, 'a tree');
  start.signature('TREE');
  const found = start.u8();
  if (found !== type) throw start.corrupt(`a tree of type ${found}`, 4, { expected: type, found });
  const level = start.u8();
  if (expected !== null && level !== expected) {
    throw start.corrupt('a node of a tree has the wrong level', 5, { expected, found: level });
  }
  const count = start.u16le();
  const fields = await structures.fields(address! + startBytes, count * (keyBytes + addressBytes), 'a tree');
  const children: Leaf[] = [];
  for (let i = 0; i < count; i++) {
    const key = fields.part(keyBytes);
    const child = fields.address();
    if (child === null) throw fields.corrupt('a tree has a child nowhere');
    children.push({ key, address: child });
  }
  return { level, children };
}

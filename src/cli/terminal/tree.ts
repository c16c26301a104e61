/** Checkpoint keys as a tree of objects, the way TensorFlow's object graph names them. */

/** Separates an object's path from the name of one of its values (TensorFlow's trackable_utils.py). */
const ATTRIBUTES = '.ATTRIBUTES/';
const VALUE = `${ATTRIBUTES}VARIABLE_VALUE`;

interface TreeNode<T> {
  label: string;
  /** Set if the path itself is a key. */
  item?: T;
  children: TreeNode<T>[];
}

/** 'a.Sb..c' in a key is the child named 'a/b.c': a slash within a name is written `.S`, a dot `..`. */
function unescapeName(part: string): string {
  if (part.startsWith('.OPTIMIZER_SLOT') || part.startsWith('.ATTRIBUTES')) return part;
  return part.replace(/\.[.S]/g, pair => (pair === '..' ? '.' : '/'));
}

/** Parts of a key: the objects, then perhaps the name of the value. The usual VARIABLE_VALUE is left out. */
function partsOf(key: string): string[] {
  const at = key.indexOf(`/${ATTRIBUTES}`);
  if (at < 0) return key.split('/');
  const objects = key.slice(0, at).split('/').map(unescapeName);
  const value = key.slice(at + 1);
  return value === VALUE ? objects : [...objects, value];
}

/**
 * Builds the tree of all keys. Two keys never share a node's item: the second becomes another child, labelled with its
 * key.
 */
export function buildTree<T>(items: readonly { name: string; item: T }[]): TreeNode<T>[] {
  const root: TreeNode<T> = { label: '', children: [] };
  // A Map, since an object literal would fail for a child named __proto__.
  const index = new Map<TreeNode<T>, Map<string, TreeNode<T>>>();
  for (const { name, item } of items) {
    let node = root;
    for (const part of partsOf(name)) {
      const byLabel = index.get(node) ?? new Map<string, TreeNode<T>>();
      index.set(node, byLabel);
      let next = byLabel.get(part);
      if (!next) {
        next = { label: part, children: [] };
        byLabel.set(part, next);
        node.children.push(next);
      }
      node = next;
    }
    if (node.item === undefined) node.item = item;
    else root.children.push({ label: name, item, children: [] });
  }
  return root.children;
}

/** A line of the tree: the drawing of the branch, the label, and the node. */
interface TreeLine<T> {
  branch: string;
  label: string;
  node: TreeNode<T>;
}

/**
 * Lines from top to bottom. An object with one child and no value shares the line of its child, as a/b/c. Not
 * recursive, since keys may be deep.
 */
export function treeLines<T>(roots: readonly TreeNode<T>[]): TreeLine<T>[] {
  const lines: TreeLine<T>[] = [];
  const pending: { node: TreeNode<T>; indent: string; last: boolean; top: boolean }[] = [];
  const push = (nodes: readonly TreeNode<T>[], indent: string, top: boolean): void => {
    for (let i = nodes.length - 1; i >= 0; i--)
      pending.push({ node: nodes[i]!, indent, last: i === nodes.length - 1, top });
  };
  push(roots, '', true);
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const { indent, last, top } = entry;
    const labels = [entry.node.label];
    let node = entry.node;
    while (node.item === undefined && node.children.length === 1) {
      node = node.children[0]!;
      labels.push(node.label);
    }
    lines.push({ branch: top ? '' : `${indent}${last ? '└─ ' : '├─ '}`, label: labels.join('/'), node });
    push(node.children, top ? '' : `${indent}${last ? '   ' : '│  '}`, false);
  }
  return lines;
}

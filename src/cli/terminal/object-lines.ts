/** The objects of a SavedModel as a tree, each where its shortest path leads. */
import type { SavedModelDescription } from '../../training/savedmodel/shown/describe.js';
import { shortName } from './short-name.js';
import { humanBytes, plural, type Style } from './style.js';

type Described = SavedModelDescription['objects'][number];
type Variable = SavedModelDescription['variables'][number];

/** Deeper objects are counted only, since each line begins with the branches of all levels. */
const MAX_DEPTH = 40;
/** Other names of an object that a line tells. */
const MAX_NAMES = 3;

/** What only functions know (captured constants) is left out, as they are. */
const FUNCTIONS: readonly string[] = ['function', 'bare function'];

interface Branch {
  readonly object: Described;
  /** By which its parent knows it. */
  readonly names: string[];
  readonly children: Branch[];
  readonly variables: Variable[];
  /** Whether it is worth a line, or something below it is. */
  isShown: boolean;
}

/**
 * At most `limit` lines. Variables are counted in the line of their object. Functions, and objects that hold nothing
 * (most of Keras's lists), are left out. `omitted`: objects for which there was no line.
 */
export function objectLines(
  { objects, variables }: SavedModelDescription,
  limit: number,
  style: Style,
): { lines: string[]; omitted: number } {
  const root = treeOf(objects, new Map(variables.map(variable => [variable.node, variable])));
  const lines: string[] = [];
  let omitted = 0;
  const pending = root === null ? [] : [{ branch: root, indent: '', mark: '', depth: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { branch, indent, mark, depth } = next;
    if (lines.length < limit && depth <= MAX_DEPTH) lines.push(style.dim(indent + mark) + lineOf(branch, style));
    else omitted++;
    const shown = branch.children.filter(({ isShown }) => isShown);
    const inner = depth > MAX_DEPTH || mark === '' ? '' : `${indent}${mark === '└─ ' ? '   ' : '│  '}`;
    for (let i = shown.length - 1; i >= 0; i--) {
      const last = i === shown.length - 1;
      pending.push({ branch: shown[i]!, indent: inner, mark: last ? '└─ ' : '├─ ', depth: depth + 1 });
    }
  }
  return { lines, omitted };
}

/** Breadth first, as `path` of each object. Null if there are no objects. */
function treeOf(objects: readonly Described[], variables: ReadonlyMap<number | null, Variable>): Branch | null {
  const branches = new Map<number, Branch>();
  const parents = new Map<number, Branch>();
  const add = (node: number, name: string | null, parent: Branch | null): void => {
    const known = branches.get(node);
    if (known !== undefined) {
      if (name !== null && parents.get(node) === parent) known.names.push(name);
      return;
    }
    const object = objects[node]!;
    const branch: Branch = {
      object,
      names: name === null ? [] : [name],
      children: [],
      variables: [],
      isShown: isWorthALine(object),
    };
    branches.set(node, branch);
    if (parent === null) return;
    parents.set(node, parent);
    const variable = variables.get(node);
    if (variable === undefined) parent.children.push(branch);
    else parent.variables.push(variable);
  };
  if (objects.length > 0) add(0, null, null);
  // A Map also gives what is added while it is walked.
  for (const branch of branches.values()) {
    if (FUNCTIONS.includes(branch.object.kind)) continue;
    for (const { name, node } of branch.object.children) add(node, name, branch);
  }
  const order = [...branches.values()];
  for (const { object, variables: own } of order)
    for (const { node } of object.slots) {
      const variable = variables.get(node);
      if (variable !== undefined && !branches.has(node)) own.push(variable);
    }
  for (const branch of order.reverse()) {
    if (branch.variables.length > 0) branch.isShown = true;
    const parent = parents.get(branch.object.node);
    if (branch.isShown && parent !== undefined) parent.isShown = true;
  }
  return branches.get(0) ?? null;
}

function isWorthALine({ node, kind, className, registeredName }: Described): boolean {
  return node === 0 || className !== null || registeredName !== '' || ['asset', 'resource', 'constant'].includes(kind);
}

function lineOf({ object, names, variables }: Branch, style: Style): string {
  const { className, name, kind, identifier, registeredName } = object;
  const [label = 'model', ...others] = names.slice(0, 1 + MAX_NAMES).map(shortName);
  const more = names.length > 1 + MAX_NAMES ? ', …' : '';
  const also = others.length > 0 ? style.dim(` (${others.join(', ')}${more})`) : '';
  const held = variables.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const parts = [
    style.type(shortName(className ?? (registeredName || wordFor(identifier) || kind))),
    ...(name === null ? [] : [`'${shortName(name)}'`]),
    ...(variables.length === 0 ? [] : [style.dim(`${plural(variables.length, 'variable')}, ${humanBytes(held)}`)]),
  ];
  return `${style.bold(label)}${also}  ${parts.join('  ')}`;
}

/** TensorFlow's words for the kinds of objects, in plain words. */
function wordFor(identifier: string): string {
  const words: Readonly<Record<string, string>> = {
    _generic_user_object: 'object',
    trackable_list_wrapper: 'list',
    trackable_dict_wrapper: 'dict',
    trackable_tuple_wrapper: 'tuple',
    signature_map: 'signatures',
    optimizer: 'optimizer',
    experimentalOptimizer: 'optimizer',
  };
  return Object.hasOwn(words, identifier) ? words[identifier]! : identifier;
}

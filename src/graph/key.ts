/**
 * Checkpoint keys: the shortest path of edge names to an object, then the attribute. Rules of TensorFlow's
 * tensorflow/python/checkpoint/trackable_view.py and trackable/trackable_utils.py.
 */
import { VARIABLE_VALUE } from './attribute.js';

const ATTRIBUTES = '.ATTRIBUTES';

/**
 * `.` doubles and `/` becomes `.S`, so that a part never contains a separator nor a reserved word like `.ATTRIBUTES`.
 */
export function escapePart(name: string): string {
  // Most names need nothing.
  if (!name.includes('.') && !name.includes('/')) return name;
  return name.replaceAll('.', '..').replaceAll('/', '.S');
}

/** Key of an attribute of the object at `path` (already escaped): `dense/kernel/.ATTRIBUTES/VARIABLE_VALUE`. */
export function attributeKey(path: string, attribute: string): string {
  if (attribute === VARIABLE_VALUE) return `${path}/${ATTRIBUTES}/${VARIABLE_VALUE}`;
  return `${path}/${ATTRIBUTES}/${escapePart(attribute)}`;
}

/** Path of a slot variable; both paths are escaped already. */
export function slotPath(variable: string, optimizer: string, name: string): string {
  return `${variable}/.OPTIMIZER_SLOT/${optimizer}/${escapePart(name)}`;
}

/**
 * Key of an extra, which an object keeps beside the object graph. `of` is the path of another object that it is about.
 */
export function extraKey(path: string, name: string, of?: string): string {
  const end = of === undefined || of === '' ? [] : [of];
  return ['.TENSORBUNDLE', ...(path === '' ? [] : [path]), escapePart(name), ...end].join('/');
}

/**
 * Name of an extra that holds the whole state of its object. Other extras hold more exact values of what the graph has,
 * too.
 */
export const STATE = 'state';

/**
 * The part of a key up to and including `.ATTRIBUTES/`: `table/.ATTRIBUTES/` for `table/.ATTRIBUTES/table-keys`. Finds
 * the tensors of an attribute whose own key is not the name of a tensor. Undefined if the key has no such part.
 */
export function attributesOf(key: string): string | undefined {
  const at = key.lastIndexOf(`/${ATTRIBUTES}/`);
  if (at >= 0) return key.slice(0, at + ATTRIBUTES.length + 2);
  return key.startsWith(`${ATTRIBUTES}/`) ? `${ATTRIBUTES}/` : undefined;
}

/** The object's path in a key: what comes before `/.ATTRIBUTES/`, for messages and filters. */
export function pathOfKey(key: string): string {
  const end = key.lastIndexOf(`/${ATTRIBUTES}/`);
  return end < 0 ? key : key.slice(0, end);
}

/** Name of the tensor that holds the object graph. */
export const OBJECT_GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** Names of a checkpoint that the caller gave to variables, or to whole objects, of the live graph. */
import { invalidArgument, type TensorBundleError } from '../../errors.js';
import { type KeyedAttribute, keyedAttributes, type NumberedObject, type Numbering } from '../numbering.js';
import { enumerate, followPath } from '../object-path.js';
import type { Trackable } from '../trackable.js';
import { filterNames } from './filters.js';

export interface MapOptions {
  /**
   * From a variable's or an object's name in the live graph to a name in the checkpoint: of a tensor or of an object;
   * where the checkpoint has no object graph, of a tensor or a scope.
   */
  map?: Readonly<Record<string, string>> | undefined;
}

/** Everything below `object` is to be found below the object (or scope) `stored` of the checkpoint. */
export interface MappedObject {
  readonly object: Trackable;
  /** What the caller wrote on the left, for messages. */
  readonly name: string;
  readonly stored: string;
}

export interface NameMap {
  /** By live key. */
  readonly variables: ReadonlyMap<string, string>;
  /** Outer objects before inner ones: what is said of an inner one counts. */
  readonly objects: readonly MappedObject[];
}

/**
 * Variables go by the names that filters know, objects by their label, TensorFlow's name or their path; a name that
 * several have is the first one's in node order. Throws ERR_INVALID_ARGUMENT for a name that nothing has: that is a
 * typing error.
 */
export function readNameMap(numbering: Numbering, { map = {} }: MapOptions): NameMap {
  const variables = keyedAttributes(numbering.objects);
  const keys = new Map<string, string>();
  for (const variable of variables) {
    for (const name of filterNames(variable)) if (!keys.has(name)) keys.set(name, variable.key);
  }
  const mappedVariables = new Map<string, string>();
  const mappedObjects: MappedObject[] = [];
  for (const [name, stored] of Object.entries(map)) {
    if (typeof stored !== 'string') throw noName(name, stored);
    const key = keys.get(name);
    const object = key === undefined ? findObject(numbering, name) : undefined;
    if (key !== undefined) mappedVariables.set(key, stored);
    else if (object !== undefined) mappedObjects.push({ object, name, stored });
    else throw unknownName(name, numbering.objects, variables);
  }
  const depth = ({ object }: MappedObject): number => {
    const { path } = numbering.objects[numbering.numbers.get(object) ?? 0]!;
    return path === '' ? 0 : path.split('/').length;
  };
  return { variables: mappedVariables, objects: mappedObjects.sort((a, b) => depth(a) - depth(b)) };
}

function noName(name: string, stored: unknown): TensorBundleError {
  return invalidArgument(
    `map gives '${name}' no name of the checkpoint but ${stored === null ? 'null' : `a ${typeof stored}`}; give ` +
      `a string`,
    { found: name },
  );
}

function findObject({ objects }: Numbering, name: string): Trackable | undefined {
  // The root is the model itself: naming it says where the whole model is.
  const called = objects.find(({ object }) => object.label === name || object.fullName === name);
  if (called) return called.object;
  if (name === '') return undefined;
  return followPath(objects[0]!.object, name, ({ children, aliases = [] }) => [...children, ...aliases]).object;
}

function unknownName(
  name: string,
  objects: readonly NumberedObject[],
  variables: readonly KeyedAttribute[],
): TensorBundleError {
  const labels = objects.flatMap(({ object: { label } }, number) =>
    label === undefined || number === 0 ? [] : [label],
  );
  return invalidArgument(
    `map names '${name}', which the model does not have; ` +
      (labels.length > 0 ? `its layers are ${enumerate(labels)}; ` : '') +
      `its variables are ${enumerate(variables.map(({ attribute }) => attribute.label))}`,
    { found: name },
  );
}

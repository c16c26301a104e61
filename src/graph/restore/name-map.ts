/**
 * The option `map`: where in the checkpoint the caller wants variables, or whole objects, of the live graph to be
 * found.
 */
import { invalidArgument, type TensorBundleError } from '../../errors.js';
import { type KeyedAttribute, keyedAttributes, type NumberedObject, type Numbering } from '../numbering.js';
import { enumerate, followPath } from '../object-path.js';
import type { Trackable } from '../trackable.js';
import { filterNames } from './filters.js';

export interface MapOptions {
  /**
   * From the name of a variable or object in the live graph to the name of a tensor or object in the checkpoint. If the
   * checkpoint has no object graph: to the name of a tensor or a scope.
   */
  map?: Readonly<Record<string, string>> | undefined;
}

/** Everything below `object` is looked for below the object (or scope) `stored` of the checkpoint. */
export interface MappedObject {
  readonly object: Trackable;
  /** The name that the caller wrote for `object`, for messages. */
  readonly name: string;
  readonly stored: string;
}

export interface NameMap {
  /** By live key. */
  readonly variables: ReadonlyMap<string, string>;
  /** Outer objects before inner ones, so that an inner one overrides an outer one. */
  readonly objects: readonly MappedObject[];
}

/**
 * Variables have the names that filters know. Objects have their label, TensorFlow's name and their path. If several
 * have a name, the first one in node order counts. Throws ERR_INVALID_ARGUMENT for a name that nothing has: that is a
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
    `map must give the name that '${name}' has in the checkpoint, as a string, not ` +
      `${stored === null ? 'null' : `a value of type ${typeof stored}`}`,
    { found: name },
  );
}

function findObject({ objects }: Numbering, name: string): Trackable | undefined {
  // The root is the model itself: a map of its name says where the whole model is.
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

/**
 * Layers of the user's own classes. Python tracks what is assigned to `self`: variables, layers, and lists and dictionaries of
 * them; `add_weight` also tracks a variable under the name it was given. The fields of a JavaScript layer say the same, in the
 * order in which they were first assigned. (tensorflow/python/trackable/autotrackable.py, tf_keras/src/engine/base_layer.py)
 */
import { TensorBundleError } from '../errors.js';
import { branch, type Edge, type Trackable } from '../graph/trackable.js';
import { fieldOf, isLayer, isVariable, type Kind, type Place, type Surroundings } from './family.js';
import type { Layer, LayerVariable } from './types.js';

/** Fields of tfjs's Layer that hold variables too. */
const BOOKS: readonly string[] = ['_trainableWeights', '_nonTrainableWeights'];

/** What a field may hold that is tracked. */
type Held = LayerVariable | Layer | readonly unknown[] | Readonly<Record<string, unknown>>;

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether a value is, or contains, a layer or a variable. Depth is the user's: a cycle of plain objects is cut by `seen`. */
function holdsSomething(value: unknown, seen: Set<unknown> = new Set()): value is Held {
  if (isVariable(value) || isLayer(value)) return true;
  if (!(Array.isArray(value) || isPlainObject(value)) || seen.has(value)) return false;
  seen.add(value);
  return Object.values(value).some(item => holdsSomething(item, seen));
}

function heldBy(layer: Layer): (readonly [field: string, value: Held])[] {
  return Object.keys(layer).flatMap(field => {
    const value = fieldOf(layer, field);
    return !BOOKS.includes(field) && holdsSomething(value) ? [[field, value] as const] : [];
  });
}

function layersIn(value: unknown, seen: Set<unknown> = new Set()): Layer[] {
  if (isLayer(value)) return [value];
  if (!(Array.isArray(value) || isPlainObject(value)) || seen.has(value)) return [];
  seen.add(value);
  return Object.values(value).flatMap(item => layersIn(item, seen));
}

/** Describes one custom layer after the other; `base` is the description of the class it extends, if that is known. */
export function customKind(base: Kind | undefined): Kind {
  return {
    edges: (layer, around, place) => {
      const known = base?.edges(layer, around, place) ?? [];
      return [...known, ...ownEdges(layer, around, place, known)];
    },
    inner: layer => [
      ...new Set([...(base?.inner?.(layer) ?? []), ...heldBy(layer).flatMap(([, held]) => layersIn(held))]),
    ],
  };
}

function ownEdges(layer: Layer, around: Surroundings, place: Place, known: readonly Edge[]): Edge[] {
  const described = new Set(known.map(({ node }) => node));
  const edges = new Map<string, Trackable>();
  const add = (name: string, node: Trackable): void => {
    if (described.has(node)) return;
    const present = edges.get(name) ?? known.find(edge => edge.name === name)?.node;
    if (present !== undefined && present !== node) throw ambiguous(layer, name);
    edges.set(name, node);
  };
  const lists = new Map<unknown, Trackable>();
  const nodeOf = (value: Held, label: string): Trackable => {
    if (isVariable(value)) return around.variable(value, weightName(layer, value), place);
    // As if the layer were built when it is first called: Keras then adds its name to the scope.
    if (isLayer(value)) return around.layer(value, { scope: `${place.scope}/${around.nameOf(value)}`, label });
    const known = lists.get(value);
    if (known) return known;
    const items: Edge[] = [];
    const list = branch(items);
    lists.set(value, list);
    for (const [name, item] of Object.entries(value)) {
      if (holdsSomething(item)) items.push({ name, node: nodeOf(item, `${label}/${name}`) });
    }
    return list;
  };
  // First of all the fields: then the weights that have a place are known, those of inner layers among them.
  const fields = heldBy(layer).map(([field, value]) => ({
    field,
    value,
    node: nodeOf(value, `${place.label}/${field}`),
  }));
  const weights = weightsOf(layer).map(variable => ({
    variable,
    name: weightName(layer, variable),
    placed: around.isPlaced(variable),
  }));
  // Keras tracks a weight when it is made: one that no field holds comes before the next that a field holds.
  const addWeights = (count: number): void => {
    for (const { variable, name, placed } of weights.splice(0, count)) {
      if (!placed) add(name, around.variable(variable, name, place));
    }
  };
  for (const { field, value, node } of fields) {
    if (isVariable(value)) {
      addWeights(weights.findIndex(({ variable }) => variable === value) + 1);
      add(weightName(layer, value), node);
    }
    add(field, node);
  }
  addWeights(weights.length);
  return [...edges].map(([name, node]) => ({ name, node }));
}

/** The weights in the layer's own books, in the order in which they were made. */
function weightsOf(layer: Layer): LayerVariable[] {
  const names = addedNames(layer);
  const order = (variable: LayerVariable): number => names.indexOf(weightName(layer, variable));
  return BOOKS.flatMap(book => fieldOf(layer, book) as readonly LayerVariable[]).sort((a, b) => order(a) - order(b));
}

function addedNames(layer: Layer): string[] {
  const names = fieldOf(layer, '_addedWeightNames');
  return Array.isArray(names) ? names.filter(name => typeof name === 'string') : [];
}

/** The name given to `addWeight`. tfjs keeps it with the name scopes of the moment before it (`layer/weight`). */
function weightName(layer: Layer, { originalName }: LayerVariable): string {
  const fitting = addedNames(layer).filter(name => originalName === name || originalName.endsWith(`/${name}`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? originalName.slice(originalName.lastIndexOf('/') + 1);
}

function ambiguous(layer: Layer, name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `layer '${layer.name}' (${layer.getClassName()}) has two things called '${name}'; give each weight and each field of a ` +
      'custom layer a name of its own, since that is where a checkpoint keeps it',
    { found: name },
  );
}

/**
 * The objects of a model as Keras 3 walks over them to save or load weights, and where each has its variables in the
 * file: `layers/dense_1/vars/0`. Names are attributes in Python; in lists of layers, the class in snake case, numbered.
 * Each object is visited once (keras/src/saving/saving_lib.py, `_save_state`). tf_keras walks almost in the same way
 * (tf_keras/src/saving/saving_lib.py), so that a file can have both names for the few objects where they differ.
 */
import type { Attribute } from '../../../graph/attribute.js';
import { branch, type Edge, type Trackable } from '../../../graph/trackable.js';
import { fieldOf, isLayer, isVariable } from '../../../layers/family.js';
import { knownClasses } from '../../../layers/registry.js';
import type { Layer } from '../../../layers/types.js';
import { liveValue, variableOf } from '../../../layers/variable.js';
import { type Keras, kerasClass, numbered, snakeCase } from './class-names.js';

/** Of these, the description has the variables in the order in which they are made. */
const KNOWN: ReadonlySet<string> = new Set(knownClasses());

/** A model that has been described (training/checkpoint/description.ts). */
export interface DescribedModel {
  readonly root: Trackable;
  /** The live object that a node describes. */
  objectOf(node: Trackable): unknown;
  /** Keras's class of a layer. Default, also for one of which it is not known: by the name of its class. */
  classOf?(layer: Layer): string | undefined;
}

/** A model, a layer, a cell: what has a group `vars`. */
export interface Keras3Object {
  readonly layer: Layer;
  readonly node: Trackable;
  /** `layers/rnn/cell/cells/gru_cell`; '' for the model itself. */
  readonly path: string;
  /** The path where tf_keras looks, if that differs. */
  readonly tfKerasPath: string | undefined;
  /** `vars/0`, `vars/1`, …: what was made as trainable, then the others, in the order in which they were made. */
  readonly variables: readonly Attribute[];
}

/** In the order of Keras 3's walk. */
export function keras3Objects(model: DescribedModel): Keras3Object[] {
  const paths = pathsIn(model, 'keras3');
  const others = pathsIn(model, 'tf_keras');
  return [...paths].map(([node, path]) => {
    const layer = model.objectOf(node) as Layer;
    const other = others.get(node);
    return {
      layer,
      node,
      path,
      tfKerasPath: other === path ? undefined : other,
      variables: savedVariables(node, layer, model),
    };
  });
}

function pathsIn(model: DescribedModel, keras: Keras): Map<Trackable, string> {
  const found = new Map<Trackable, string>();
  const visit = (node: Trackable, path: string): void => {
    if (found.has(node)) return;
    found.set(node, path);
    for (const { name, node: child } of attributesOf(node, model, keras)) {
      const inner = path === '' ? name : `${path}/${name}`;
      if (isLayer(model.objectOf(child))) visit(child, inner);
      else list(child, inner);
    }
  };
  const list = (node: Trackable, path: string): void => {
    const name = numbered();
    for (const { node: item } of node.children) {
      const live = model.objectOf(item);
      if (isLayer(live)) {
        // tf_keras does not number what it has visited before.
        if (keras === 'tf_keras' && found.has(item)) continue;
        const className = model.classOf?.(live) ?? kerasClass(live);
        visit(item, `${path}/${name(snakeCase(className, keras))}`);
      } else if (keras === 'keras3' && holdsLayers(item, model)) list(item, `${path}/${name('container')}`);
    }
  };
  visit(model.root, '');
  return found;
}

/** The edges to a model's layers, in its order. */
export function modelLayers(node: Trackable): readonly Edge[] {
  return node.children.filter(({ name }) => /^layer-\d+$/.test(name));
}

/** What an object holds layers in, in the order of the walk. */
function attributesOf(node: Trackable, model: DescribedModel, keras: Keras): readonly Edge[] {
  const layer = model.objectOf(node) as Layer;
  if ('layers' in layer) return [{ name: 'layers', node: branch(modelLayers(node)) }];
  const held = node.children.filter(({ node: child }) => holdsLayers(child, model));
  const key = (name: string): string => (name.startsWith('_') && keras === 'keras3' ? `~${name}` : name);
  const sorted = held.sort((a, b) => (key(a.name) < key(b.name) ? -1 : 1));
  return keras === 'keras3' ? sorted : sorted.reverse();
}

/** Whether it is a layer, or a list or dictionary with a layer in it. */
function holdsLayers(node: Trackable, model: DescribedModel, seen: Set<Trackable> = new Set()): boolean {
  const live = model.objectOf(node);
  if (live !== undefined) return isLayer(live);
  if (seen.has(node)) return false;
  seen.add(node);
  return node.children.some(({ node: item }) => holdsLayers(item, model, seen));
}

/** A layer's own variables, also those in its lists, but not those of the layers in it. */
function savedVariables(node: Trackable, layer: Layer, model: DescribedModel): Attribute[] {
  const { trainable, others } = ownVariables(node, layer, model);
  return [...trainable, ...others];
}

/** A layer's own variables, by what they were made as: freezing a layer does not change that. */
export function ownVariables(
  node: Trackable,
  layer: Layer,
  model: DescribedModel,
): { readonly trainable: readonly Attribute[]; readonly others: readonly Attribute[] } {
  const attributes = [...ownAttributes(node, model)];
  // Fields may be assigned in another order than that in which variables were made. TensorFlow.js numbers variables.
  const isKnown = KNOWN.has(layer.getClassName());
  const made = isKnown ? attributes : attributes.sort((a, b) => idOf(a) - idOf(b));
  const frozen = fieldOf(layer, '_nonTrainableWeights');
  const wasTrainable = (attribute: Attribute): boolean => {
    const variable = variableOf(attribute)!;
    return isVariable(variable) ? !(Array.isArray(frozen) && frozen.includes(variable)) : variable.trainable;
  };
  return { trainable: made.filter(wasTrainable), others: made.filter(one => !wasTrainable(one)) };
}

/** In tracking order, each once. */
function ownAttributes(node: Trackable, model: DescribedModel): Set<Attribute> {
  const found = new Set<Attribute>();
  const seen = new Set<Trackable>();
  const visit = ({ children }: Trackable): void => {
    for (const { node: child } of children) {
      if (seen.has(child)) continue;
      seen.add(child);
      const [attribute] = child.attributes;
      if (attribute !== undefined && variableOf(attribute) !== undefined) found.add(attribute);
      else if (model.objectOf(child) === undefined) visit(child);
    }
  };
  visit(node);
  return found;
}

function idOf(attribute: Attribute): number {
  return liveValue(variableOf(attribute)!, attribute.label).id;
}

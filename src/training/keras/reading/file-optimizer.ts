/** Finds the state of a model's optimizer in one of Keras's files. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Attribute } from '../../../graph/attribute.js';
import { keyedAttributes, numberPlainObjects } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { steppingOptimizer } from '../../../layers/optimizers/loss-scaling.js';
import { isOptimizer } from '../../../layers/optimizers/optimizer.js';
import { slotOrder } from '../../../layers/optimizers/slot-order.js';
import { layerKind } from '../../../layers/registry.js';
import { givenWeights, trainedWeights } from '../../../layers/trained.js';
import type { AnyVariable, Layer, LayerVariable } from '../../../layers/types.js';
import { liveValue, variableOf } from '../../../layers/variable.js';
import type { DescribedModel } from '../layouts/keras3-objects.js';
import type { LegacyFile } from '../layouts/legacy-file.js';
import { trainedVariables } from '../layouts/legacy-layers.js';
import { type OptimizerGraph, optimizerGraph, type ScalingValues } from '../layouts/optimizer-graph.js';
import { type LiveOptimizer, type OptimizerValue, optimizerValues } from '../layouts/optimizer-values.js';
import { joined, type StoredGroup } from '../layouts/stored-tree.js';

/** The state in a file, in lists as Keras saved them. */
interface StoredState {
  readonly values: readonly OptimizerValue[];
  readonly name: string | undefined;
  readonly scaling: ScalingValues | undefined;
  /** Values that are there a second time. */
  readonly copies: readonly string[];
}

interface FileOptimizer extends OptimizerGraph {
  /** To be called after the values were assigned, with the keys of those that were: adds what Keras does not save. */
  complete(loaded: readonly string[]): void;
  /** Keys of values that mean nothing. */
  readonly idle: ReadonlySet<string>;
}

/** Of Keras 3's layout; `names` are those of objects whose groups have one. */
export function keras3State(tree: StoredGroup, names: ReadonlyMap<StoredGroup, string>): StoredState | undefined {
  const outer = tree.groups.get('optimizer');
  const own = valuesIn(outer);
  if (outer === undefined || own.length === 0) return undefined;
  const inner = outer.groups.get('inner_optimizer');
  const values = valuesIn(inner);
  if (inner === undefined || values.length === 0) {
    return { values: own, name: names.get(outer), scaling: undefined, copies: [] };
  }
  // tf_keras has no values of its own there, only those of the inner optimizer again.
  const wrapped = own.slice(0, Math.max(0, own.length - values.length)).map(({ key }) => key);
  const isKeras3 = wrapped.length === 4;
  const [iterations, learningRate, counter, scale] = wrapped;
  return {
    values,
    name: names.get(inner),
    scaling: isKeras3 ? { iterations, learningRate, counter, scale } : undefined,
    copies: own.slice(wrapped.length).map(({ key }) => key),
  };
}

/** Of the older HDF5 files, which do not say where the values of a wrapper end except by names. */
export function legacyState({ optimizer = [] }: LegacyFile): StoredState | undefined {
  if (optimizer.length === 0) return undefined;
  const values = optimizer.map(({ key, name, dataset }) => ({ key, name, dataset }));
  const [iterations, learningRate, counter, scale] = values;
  const isScaled = scale?.name.endsWith('/dynamic_scale') === true && counter?.name.endsWith('/step_counter') === true;
  if (!isScaled) return { values, name: undefined, scaling: undefined, copies: [] };
  return {
    values: values.slice(4),
    name: undefined,
    scaling: {
      iterations: iterations!.key,
      learningRate: learningRate!.key,
      counter: counter.key,
      scale: scale.key,
    },
    copies: [],
  };
}

/** Undefined if the model has no optimizer, or the file none that is understood. */
export function fileOptimizer(
  model: LayersModel,
  described: DescribedModel,
  state: StoredState | undefined,
  storedNameOf: (attribute: Attribute) => string | undefined,
): FileOptimizer | undefined {
  const { root, objectOf } = described;
  const optimizer = root.children.find(({ name, node }) => name === 'optimizer' && node.restorer)?.node;
  const live = optimizer && objectOf(optimizer);
  if (state === undefined || optimizer === undefined || !isOptimizer(live)) return undefined;
  const order = slotOrder(steppingOptimizer(live));
  if (order === undefined) return undefined;
  const nodes = new Map<Attribute, Trackable>();
  for (const { object } of numberPlainObjects(root).objects)
    for (const attribute of object.attributes) nodes.set(attribute, object);
  const values = optimizerValues(state.values, state.name, {
    order,
    trained: trainedLists(model, described, storedNameOf),
  });
  if (values === undefined) return undefined;
  const graph = optimizerGraph(values, state.scaling, optimizer, attribute => nodes.get(attribute)!);
  const complete = (loaded: readonly string[]): void => {
    const isWithout = order.scalars.includes(PRODUCT) && values.slots.size > 0 && !values.scalars.has(PRODUCT);
    if (isWithout && loaded.includes(values.iterations)) completeProduct(steppingOptimizer(live));
  };
  return { ...graph, idle: new Set([...values.idle, ...state.copies]), complete };
}

const PRODUCT = '_u_product';

/** What this package's Nadam has (src/optimizers/nadam.ts). */
interface NadamFields {
  readonly beta1: number;
  readonly iterations: number;
  readonly scalars: readonly { readonly name: string; set(value: number): void }[];
}

/**
 * tf_keras does not save the product of Nadam's momentums. It follows from the number of steps: in float32, step by
 * step, until it is 0.
 */
function completeProduct(optimizer: Optimizer): void {
  const { beta1, iterations, scalars } = optimizer as unknown as NadamFields;
  let product = 1;
  for (let step = 1; step <= iterations && product > 0; step++) {
    const momentum = Math.fround(Math.fround(beta1) * Math.fround(1 - 0.5 * Math.fround(0.96 ** step)));
    product = Math.fround(product * momentum);
  }
  scalars.find(({ name }) => name === PRODUCT)?.set(product);
}

/**
 * The variables that the stored optimizer may have trained: those of the compiled model, those trained now, all. Keras
 * 2.0 sorted them by their names.
 */
function trainedLists(
  model: LayersModel,
  described: DescribedModel,
  storedNameOf: (attribute: Attribute) => string | undefined,
): LiveOptimizer['trained'] {
  const byValue = new Map<unknown, Attribute>();
  for (const { attribute } of keyedAttributes(numberPlainObjects(described.root).objects)) {
    const variable = variableOf(attribute);
    if (variable !== undefined) byValue.set(liveValue(variable, attribute.label), attribute);
  }
  const attributesOf = (weights: readonly AnyVariable[]): Attribute[] =>
    weights.flatMap(weight => byValue.get(liveValue(weight, weight.name)) ?? []);
  const innerOf = (layer: Layer): readonly Layer[] => layerKind(layer).inner?.(layer) ?? [];
  const lists = [
    attributesOf(givenWeights(model) as readonly LayerVariable[]),
    trainedVariables(described),
    attributesOf(trainedWeights(model, innerOf)),
  ];
  const byName = (list: readonly Attribute[]): Attribute[] => {
    const names = new Map(list.map(one => [one, storedNameOf(one) ?? '']));
    return [...list].sort((a, b) => (names.get(a)! < names.get(b)! ? -1 : 1));
  };
  lists.push(...lists.map(byName));
  return [...new Map(lists.map(list => [list.map(({ label }) => label).join('\n'), list])).values()];
}

/** The values of an object, in the order of their numbers. */
function valuesIn(group: StoredGroup | undefined): OptimizerValue[] {
  const vars = group?.groups.get('vars');
  if (vars === undefined) return [];
  return [...vars.datasets]
    .filter(([name]) => /^\d+$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([name, dataset]) => ({ key: joined(vars.path, name), dataset }));
}

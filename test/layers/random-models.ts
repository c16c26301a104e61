/**
 * A random model from a seed: sequential or functional, with branches, merges, shared layers, nested models and
 * wrappers.
 */
import * as tf from '@tensorflow/tfjs-node';
import { apply, type Layer, type Tensor } from './matrix-model.js';
import { type Making, randomLayer } from './random-layers.js';
import { Choices } from './random-numbers.js';

const l = tf.layers;

const SHAPES: readonly (readonly number[])[] = [[4], [4], [4, 3], [4, 3], [3, 2], [5, 4, 2], [4, 4, 2], [3, 4, 4, 2]];
/** Beyond this, only layers that make less of it are added. */
const MOST_VALUES = 250;
/** Words of an Embedding; the inputs of a model with one are whole numbers below it. */
export const VOCABULARY = 6;
const MOST_NESTED = 3;

/** The same seed gives the same model, except for the numbers in tfjs's automatic names. */
export function randomModel(seed: number): { model: tf.LayersModel; vocabulary?: number } {
  const choices = new Choices(seed);
  // All names given, all automatic, or each as it comes.
  const named = choices.one([1, 0, 0.5]);
  let count = 0;
  const name = (): { name?: string } => (choices.chance(named) ? { name: `n${count++}` } : {});
  const at = (depth: number): Making => ({
    choices,
    name,
    depth,
    nested: shape => (depth < MOST_NESTED ? randomPart(at(depth + 1), shape, []) : null),
  });
  const embedded = choices.chance(0.15);
  if (!embedded) return { model: randomPart(at(0), choices.one(SHAPES), []) };
  // No mask: tfjs hands it through layers where Keras drops it, and refuses it in merges.
  const words = l.embedding({
    inputDim: VOCABULARY,
    outputDim: 3,
    inputLength: 4,
    ...name(),
  });
  return { model: randomPart(at(0), [4], [words]), vocabulary: VOCABULARY };
}

function randomPart(making: Making, shape: readonly number[], first: readonly Layer[]): tf.LayersModel {
  return making.choices.chance(0.5) ? sequential(making, shape, first) : functional(making, shape, first);
}

/** The next layer for a tensor; whatever is too large or cannot go on becomes a vector. */
function next(making: Making, tensor: Tensor): Layer {
  const shape = tensor.shape.slice(1) as number[];
  const values = shape.reduce((product, size) => product * size, 1);
  if (values > MOST_VALUES && shape.length > 1) return l.flatten(making.name());
  if (values > MOST_VALUES) return l.dense({ units: 4, ...making.name() });
  return randomLayer(making, shape) ?? l.dense({ units: 3, ...making.name() });
}

function sequential(making: Making, shape: readonly number[], first: readonly Layer[]): tf.Sequential {
  const model = tf.sequential(making.name());
  model.add(l.inputLayer({ inputShape: [...shape] }));
  for (const layer of first) model.add(layer);
  for (let left = making.choices.whole(1, 5); left > 0; left--) model.add(next(making, model.outputs[0]!));
  if (model.weights.length === 0) model.add(l.dense({ units: 2, ...making.name() }));
  return model;
}

function functional(making: Making, shape: readonly number[], first: readonly Layer[]): tf.LayersModel {
  const { choices } = making;
  const input = tf.input({ shape: [...shape] });
  const more = moreEnds(making, making.depth === 0 && first.length === 0);
  const start = first.reduce((tensor, layer) => apply(layer, tensor), input);
  const tensors = [...more.sides, start];
  // What comes from the first input; an output of the model must.
  const main = [start];
  const add = (tensor: Tensor, ...sources: Tensor[]): void => {
    tensors.push(tensor);
    if (sources.some(source => main.includes(source))) main.push(tensor);
  };
  const used: { layer: Layer; shape: string }[] = [];
  for (let left = choices.whole(2, 7); left > 0; left--) {
    // Mostly the newest: a chain with branches rather than a bush.
    const tensor = choices.chance(0.7) ? tensors.at(-1)! : choices.one(tensors);
    const key = tensor.shape.join();
    const same = tensors.filter(other => other !== tensor && other.shape.join() === key);
    const shared = used.filter(use => use.shape === key);
    if (same.length > 0 && choices.chance(0.4)) {
      const other = choices.one(same);
      add(apply(merge(making), [tensor, other]), tensor, other);
    } else if (shared.length > 0 && choices.chance(0.3)) {
      add(apply(choices.one(shared).layer, tensor), tensor);
    } else {
      const layer = next(making, tensor);
      used.push({ layer, shape: key });
      add(apply(layer, tensor), tensor);
    }
  }
  const last = apply(l.dense({ units: 2, ...making.name() }), main.at(-1)!);
  return tf.model({ inputs: [input, ...more.inputs], outputs: [last, ...more.outputs(tensors)], ...making.name() });
}

/** What a model that is no layer of another may have besides: a second input, and up to two more outputs. */
function moreEnds(making: Making, outermost: boolean) {
  const { choices, name } = making;
  const inputs: Tensor[] = [];
  const sides: Tensor[] = [];
  if (outermost && choices.chance(0.4)) {
    const input = tf.input({ shape: [3] });
    inputs.push(input);
    sides.push(apply(l.dense({ units: choices.whole(2, 4), ...name() }), input));
  }
  const outputs = (tensors: readonly Tensor[]): Tensor[] =>
    outermost && choices.chance(0.4)
      ? [...sides, apply(l.dense({ units: 1, ...name() }), choices.one(tensors))]
      : sides;
  return { inputs, sides, outputs };
}

function merge({ choices, name }: Making): Layer {
  return choices.one([l.add, l.multiply, l.average, l.maximum, l.minimum, l.concatenate])(name());
}

/** What is proven of the functions of a LayersModel: they compute what the model computes, and its gradients. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { kerasConfig } from '../../../src/training/keras/config/written/keras-config.js';
import { fromBinary, SavedModelSchema } from '../../../src/training/savedmodel/stored/messages.js';
import { layersIn } from '../../../src/training/savedmodel/written/model-call.js';
import { endpointNames } from '../../../src/training/savedmodel/written/model-traces.js';
import type { Subject } from '../../layers/keras.js';
import type { Call, Consumer, Proof } from './proof.js';
import { lossOf } from './prove.js';

export const ALL: readonly Consumer[] = ['load', 'session', 'cli', 'tfsm', 'lite', 'converter', 'keras', 'node'];

export interface ModelSubject extends Subject {
  /** Why the model gets no functions: the reason that is given. */
  readonly notTraced?: RegExp;
  /** Whether TensorFlow.js cannot train it. Default: false. */
  readonly isUntrainable?: boolean;
  /** Default: all of them. */
  readonly consumers?: readonly Consumer[];
  /** Sizes of open dimensions, the batch first. Default: twice, with sizes that no trace has. */
  readonly sizes?: readonly (readonly number[])[];
}

const SIZES = [
  [7, 6],
  [1, 9],
];

/** `full` names by variable, in the SavedModel. */
type FullNames = ReadonlyMap<tf.Variable, string>;

export async function modelProof(
  name: string,
  dir: string,
  model: tf.LayersModel,
  subject: ModelSubject,
): Promise<Proof> {
  const { consumers = ALL, isUntrainable = false, sizes = SIZES } = subject;
  const names = endpointNames(kerasConfig(model).entries.get(model)!);
  const fullNames = await fullNamesIn(dir, model);
  const calls = sizes.flatMap((open, i): Call[] => {
    const given = inputsAt(model, subject, open, i);
    const inputs = named(names.inputs, given);
    const inference = results(model, given, names.outputs, fullNames, false);
    const served = { signature: 'serving_default', inputs, outputs: inference.outputs };
    const method = { method: '__call__', packed: given.length > 1, inputs } as const;
    const calls: Call[] = [served, { ...method, ...inference }];
    if (isRandom(model) || isUntrainable || open[0] === 1) return calls;
    return [...calls, { ...method, training: true, ...results(model, given, names.outputs, fullNames, true) }];
  });
  return { name, dir, calls, consumers };
}

/** Whether layers draw numbers in training, so that no outputs of that can be expected. */
function isRandom(model: tf.LayersModel): boolean {
  return /Dropout\w*"|Noise"|dropout":0\.\d/.test(JSON.stringify(model.toJSON(null, false)));
}

function named(names: readonly string[], tensors: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
}

/** The list `variables` has the order of the model's weights. */
async function fullNamesIn(dir: string, model: tf.LayersModel): Promise<FullNames> {
  const { metaGraphs } = fromBinary(SavedModelSchema, await readFile(join(dir, 'saved_model.pb')));
  const { nodes } = metaGraphs[0]!.objectGraphDef!;
  const list = nodes[0]!.children.find(({ localName }) => localName === 'variables')!.nodeId;
  const names = nodes[list]!.children.map(({ nodeId }) => {
    const { kind } = nodes[nodeId]!;
    return kind.case === 'variable' ? kind.value.name : '';
  });
  const variables = [...new Set(model.weights.map(weight => weight.read() as tf.Variable))];
  return new Map(variables.map((variable, i) => [variable, names[i]!]));
}

export function inputsAt(
  model: tf.LayersModel,
  { vocabulary }: Subject,
  open: readonly number[],
  seed: number,
): tf.Tensor[] {
  return model.inputs.map(({ shape }, i) => {
    const full = shape.map((size, axis) => size ?? open[axis] ?? open.at(-1)!);
    const limit = typeof vocabulary === 'object' ? vocabulary[i] : vocabulary;
    return tf.tidy(() => {
      const values = tf.randomUniform(full, 0, 1, 'float32', seed * 10 + i + 1);
      return limit === undefined ? values.mul(2).sub(1) : values.mul(limit).floor();
    });
  });
}

/** Of one call. Variables are as before afterwards. */
function results(
  model: tf.LayersModel,
  given: readonly tf.Tensor[],
  outputNames: readonly string[],
  fullNames: FullNames,
  training: boolean,
): Pick<Call, 'outputs' | 'gradients' | 'after'> {
  // As `predict` calls it: applied, a model with two initial states throws.
  const call = (): tf.Tensor[] =>
    [
      training ? model.apply([...given], { training }) : model.call([...given], undefined as never),
    ].flat() as tf.Tensor[];
  const before = [...fullNames.keys()].map(variable => [variable, variable.clone()] as const);
  const outputs = named(outputNames, tf.tidy(call));
  const after = before.filter(([variable, old]) => variable.notEqual(old).any().dataSync()[0]);
  const values = after.map(([variable]) => [fullNames.get(variable)!, variable.clone()]);
  const putBack = (): void => {
    for (const [variable, old] of after) variable.assign(old);
  };
  putBack();
  const gradients = gradientsOf(model, () => lossOf(call()));
  putBack();
  tf.dispose(before.map(([, old]) => old));
  const gradientsByName = gradients.map(([variable, gradient]) => [fullNames.get(variable)!, gradient]);
  return { outputs, gradients: Object.fromEntries(gradientsByName), after: Object.fromEntries(values) };
}

/**
 * The gradient of a convolution with a filter of 1 and strides of 2 writes beyond its memory in oneDNN (TensorFlow
 * 2.21, in Python as well), which ends the process sooner or later.
 */
function isFatal(layer: tf.layers.Layer): boolean {
  const { kernelSize, strides } = layer.getConfig() as { kernelSize?: unknown; strides?: unknown };
  const sizes = [kernelSize].flat() as unknown[];
  return kernelSize !== undefined && sizes.every(size => size === 1) && [strides].flat().some(stride => stride !== 1);
}

/** Of those that TensorFlow.js has: it lacks a few. */
function gradientsOf(model: tf.LayersModel, loss: () => tf.Scalar): (readonly [tf.Variable, tf.Tensor])[] {
  const variables = [...new Set(model.trainableWeights.map(weight => weight.read() as tf.Variable))];
  if (variables.length === 0 || layersIn(model).some(isFatal)) return [];
  try {
    const { grads } = tf.variableGrads(loss, variables);
    return variables.flatMap(variable => {
      const gradient = grads[variable.name];
      return gradient ? [[variable, gradient] as const] : [];
    });
  } catch (error) {
    // The last one: BatchNormalization of more than two dimensions.
    if (/gradient|reading '(dataId|id)'|Input to reshape/i.test((error as Error).message)) return [];
    throw error;
  }
}

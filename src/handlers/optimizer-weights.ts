/**
 * The state of an optimizer in the form that TensorFlow.js stores beside a model's weights (tfjs-core/src/optimizers,
 * `getWeights` and `setWeights`). It is a list of slots in the order of the trained variables, and does not say which
 * variable a slot belongs to. So slots are written in the order in which the loaded model will train its variables:
 * frozen variables have no slots, and a variable that is new gets its initial slots.
 */

import type { LayersModel } from '@tensorflow/tfjs-layers';
import { lossScalingOf, steppingOptimizer } from '../layers/optimizers/loss-scaling.js';
import { makeWaitingSlots } from '../layers/optimizers/waiting-slots.js';
import { trainedNames, weightNames } from '../layers/trained.js';
import { iterationsWeight } from '../optimizers/iterations.js';
import { engine, fill, type NamedTensorMap, type Optimizer, scalar, type Tensor, type Variable } from '../tfjs-core.js';
import { type NamedTensor, namedTensors } from './weights.js';

/** The fields that hold slots, in the order of `getWeights`, with the endings of the slots' names. */
type Lists = readonly (readonly [field: string, suffix: string])[];

const RMSPROP: Lists = [
  ['accumulatedMeanSquares', 'rms'],
  ['accumulatedMoments', 'momentum'],
];
const MOMENTS: Lists = [
  ['accumulatedFirstMoment', 'm'],
  ['accumulatedSecondMoment', 'v'],
];

const SLOT_FIELDS: ReadonlyMap<string, (optimizer: Fields) => Lists> = new Map<string, (optimizer: Fields) => Lists>([
  ['SGD', () => []],
  ['Momentum', () => [['accumulations', 'momentum']]],
  ['Adagrad', () => [['accumulatedGrads', 'accumulator']]],
  [
    'Adadelta',
    () => [
      ['accumulatedGrads', 'accum_grad'],
      ['accumulatedUpdates', 'accum_var'],
    ],
  ],
  ['Adam', () => MOMENTS],
  [
    'Adamax',
    () => [
      ['accumulatedFirstMoment', 'm'],
      ['accumulatedWeightedInfNorm', 'v'],
    ],
  ],
  ['RMSProp', ({ centered }) => (centered ? [...RMSPROP, ['accumulatedMeanGrads', 'mg'] as const] : RMSPROP)],
]);

type Fields = Readonly<Record<string, unknown>>;

interface SlotTensors {
  originalName: string;
  variable: Variable;
}

/** An optimizer of this package, of any copy of it. */
interface ByName {
  readonly slotLists: readonly { readonly slot: string }[];
  readonly scalars: readonly { readonly name: string; get(): number }[];
  slotsOf(variableName: string): readonly Variable[];
  claimLoaded?(variableNames: readonly string[]): boolean;
}

/** Names in a file, by the names of variables. Names of variables depend on what else the process has made. */
type WeightNames = ReadonlyMap<string, string>;

/** `own`: the tensor was made for the caller, which must dispose it. */
export type OptimizerTensor = NamedTensor & { own: boolean };

/**
 * The state as it is now, for known classes. For others a promise: their state when `getWeights` answers. Throws
 * ERR_TOO_LARGE for more steps than such files can store.
 */
export function optimizerWeights(
  model: LayersModel,
  names: WeightNames,
): OptimizerTensor[] | Promise<OptimizerTensor[]> {
  const stepping = steppingOptimizer(model.optimizer);
  const state = steppingWeights(model, stepping, names);
  if (stepping === model.optimizer) return state;
  const scaling = scalingWeights(model.optimizer);
  return Array.isArray(state) ? [...state, ...scaling] : state.then(weights => [...weights, ...scaling]);
}

/** Under the names that `LossScaleOptimizer.setWeights` knows. */
function scalingWeights(optimizer: Optimizer): OptimizerTensor[] {
  const { scale, counter } = lossScalingOf(optimizer)!;
  return [
    { name: scale.name, tensor: scalar(scale.get(), 'float32'), own: true },
    { name: counter.name, tensor: scalar(counter.get(), 'int32'), own: true },
  ];
}

function steppingWeights(
  model: LayersModel,
  optimizer: Optimizer,
  names: WeightNames,
): OptimizerTensor[] | Promise<OptimizerTensor[]> {
  const compiled = trainedNames(model);
  // Restored values that wait for the first step would otherwise be missing.
  makeWaitingSlots(optimizer, compiled);
  const trained = weightNames(model.trainableWeights);
  const iterations = { ...iterationsWeight(optimizer.iterations), own: true };
  if (isByName(optimizer)) {
    optimizer.claimLoaded?.(compiled);
    return [iterations, ...slotsByName(optimizer, trained, names)];
  }
  const lists = SLOT_FIELDS.get(optimizer.getClassName())?.(optimizer as unknown as Fields);
  if (lists === undefined) {
    iterations.tensor.dispose();
    return others(optimizer);
  }
  return [iterations, ...lists.flatMap(list => slotsInOrder(optimizer, list, { compiled, trained, names }))];
}

function isByName(optimizer: Optimizer): optimizer is Optimizer & ByName {
  const { slotLists, slotsOf } = optimizer as Optimizer & Partial<ByName>;
  return Array.isArray(slotLists) && typeof slotsOf === 'function';
}

function slotsByName(optimizer: ByName, trained: readonly string[], names: WeightNames): OptimizerTensor[] {
  const scalars = optimizer.scalars.map(({ name, get }) => ({
    name,
    tensor: scalar(get(), 'float32') as Tensor,
    own: true,
  }));
  const slots = trained.flatMap(name =>
    optimizer.slotsOf(name).map((tensor, i) => {
      const fileName = names.get(name) ?? name;
      return { name: `${fileName}/${optimizer.slotLists[i]!.slot}`, tensor: tensor as Tensor, own: false };
    }),
  );
  return [...scalars, ...slots];
}

function slotsInOrder(
  optimizer: Optimizer,
  [field, suffix]: Lists[number],
  { compiled, trained, names }: { compiled: readonly string[]; trained: readonly string[]; names: WeightNames },
): OptimizerTensor[] {
  const slots = ((optimizer as unknown as Fields)[field] ?? []) as (SlotTensors | undefined)[];
  if (!slots.some(Boolean)) return [];
  // If no name fits, the slots come from another process, and their order says which variable each belongs to.
  const isNamed = slots.some(slot => compiled.some(name => slot?.originalName === `${name}/${suffix}`));
  return trained.map(name => {
    const at = slots.findIndex(slot => slot?.originalName === `${name}/${suffix}`);
    const slot = slots[isNamed ? at : compiled.indexOf(name)];
    const fileName = `${names.get(name) ?? name}/${suffix}`;
    if (slot) return { name: fileName, tensor: slot.variable as Tensor, own: false };
    const { initialAccumulatorValue = 0 } = optimizer as unknown as { initialAccumulatorValue?: number };
    const { shape } = engine().registeredVariables[name]!;
    return { name: fileName, tensor: fill(shape, initialAccumulatorValue, 'float32'), own: true };
  });
}

async function others(optimizer: Optimizer): Promise<OptimizerTensor[]> {
  const weights = namedTensors((await optimizer.getWeights()) as NamedTensor[] | NamedTensorMap);
  // It is not known which tensors are the optimizer's own, except for the step count: the base class makes a new tensor
  // for it each time.
  return weights.map(one => ({ ...one, own: one.name === 'iter' }));
}

/**
 * Replaces `setWeights` of the model's optimizer for the loader's call, so that it gives all values to the variables of
 * this model. TensorFlow.js's own keeps the names of the process that saved, computes Adam's powers in another way than
 * its steps do, and does not exist for Adamax.
 */
export function adoptWeights(model: LayersModel, names: WeightNames): void {
  const { optimizer: given } = model;
  const optimizer = steppingOptimizer(given);
  const trained = weightNames(model.trainableWeights);
  const fileNames = new Map([...names].map(([name, fileName]) => [fileName, name]));
  const adopt = async (weights: NamedTensor[]): Promise<void> => {
    Reflect.deleteProperty(optimizer, 'setWeights');
    if (isByName(optimizer)) {
      await optimizer.setWeights(weights.map(one => ({ ...one, name: renamed(one.name, fileNames) })));
      optimizer.claimLoaded?.(trained);
      return;
    }
    const lists = SLOT_FIELDS.get(optimizer.getClassName())?.(optimizer as unknown as Fields);
    if (optimizer.getClassName() === 'Adamax') await setAdamax(optimizer, weights, trained.length);
    else await optimizer.setWeights(weights);
    for (const [field, suffix] of lists ?? []) {
      const slots = (optimizer as unknown as Fields)[field] as SlotTensors[] | undefined;
      if (slots?.length !== trained.length) continue;
      for (const [i, slot] of slots.entries()) slot.originalName = `${trained[i]}/${suffix}`;
    }
    setPowers(optimizer);
  };
  const setWeights = async (weights: NamedTensor[]): Promise<void> => {
    Reflect.deleteProperty(given, 'setWeights');
    replaceSetWeights(optimizer, adopt);
    // A LossScaleOptimizer takes its own values and passes on the rest.
    await given.setWeights(weights);
  };
  replaceSetWeights(given, setWeights);
  // The loader calls it in the same turn of the event loop, or not at all.
  void Promise.resolve().then(() => {
    if (given.setWeights === setWeights) Reflect.deleteProperty(given, 'setWeights');
  });
}

function replaceSetWeights(optimizer: Optimizer, value: Optimizer['setWeights']): void {
  Object.defineProperty(optimizer, 'setWeights', { value, configurable: true, writable: true });
}

/**
 * `kernel/velocity`, the slot of a variable, with the variable's name in this process. Other names stay as they are.
 */
function renamed(name: string, variables: WeightNames): string {
  const cut = name.lastIndexOf('/');
  const variable = variables.get(name.slice(0, cut));
  return variable === undefined ? name : `${variable}${name.slice(cut)}`;
}

async function setAdamax(optimizer: Optimizer, weights: NamedTensor[], count: number): Promise<void> {
  const inner = optimizer as unknown as Record<string, unknown> & {
    extractIterations(weights: NamedTensor[]): Promise<NamedTensor[]>;
  };
  const slots = (await inner.extractIterations(weights)).map(({ name, tensor }) => ({
    originalName: name,
    variable: tensor.variable(false),
  }));
  inner.accumulatedFirstMoment = slots.slice(0, count);
  inner.accumulatedWeightedInfNorm = slots.slice(count);
}

/**
 * Sets Adam's powers and Adamax's count as `iterations` steps would leave them: each step multiplies in float32, or
 * counts.
 */
function setPowers(optimizer: Optimizer): void {
  const fields = optimizer as unknown as Record<string, unknown>;
  const steps = optimizer.iterations;
  for (const [field, beta] of [
    ['accBeta1', 'beta1'],
    ['accBeta2', 'beta2'],
    ['iteration', null],
  ] as const) {
    const variable = fields[field] as Variable | undefined;
    if (!variable?.assign) continue;
    const value = scalar(beta === null ? steps : betaPower(fields[beta] as number, steps), 'float32');
    variable.assign(value);
    value.dispose();
  }
}

function betaPower(beta: number, steps: number): number {
  const base = Math.fround(beta);
  let result = base;
  // The power soon stops changing, so even a very large step number in the file takes little time.
  for (let i = 0; i < steps; i++) {
    const next = Math.fround(result * base);
    if (next === result) break;
    result = next;
  }
  return result;
}

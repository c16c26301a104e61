/**
 * Masks as Keras passes them. TensorFlow.js keeps the mask of one layer for all later ones that are given none, which
 * then skip steps that Keras does not skip; its GlobalAveragePooling1D does not know masks; and models within models
 * keep the mask of their first call. Layers that a mask matters to are put right one by one.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fieldOf } from '../../../layers/family.js';
import type { Layer } from '../../../layers/types.js';
import {
  cast,
  concat,
  div,
  expandDims,
  logicalAnd,
  logicalOr,
  mul,
  onesLike,
  someOf,
  sum,
  type Tensor,
  tidy,
} from '../../../tfjs-core.js';

type SymbolicTensor = LayersModel['outputs'][number];
type Call = (inputs: Tensor | Tensor[], kwargs: Record<string, unknown> | null | undefined) => Tensor | Tensor[];
type Container = LayersModel & Layer;

const RECURRENT = /^(SimpleRNN|LSTM|GRU|RNN|ConvLSTM2D|Bidirectional)$/;
const AVERAGES = /^(Keras)?GlobalAveragePooling1D$/;
/** In Keras 3, masked steps of an input do not count in these: they are 1 in a product. */
const WITHOUT_MASKED = /^(Multiply|Maximum|Minimum)$/;
const MERGING = /^(Add|Multiply|Average|Maximum|Minimum|Subtract)$/;
/** Of classes of this package that stand for others, such as the GRU with `resetAfter`. */
const isRecurrent = (layer: Layer): boolean => RECURRENT.test(layer.getClassName()) || fieldOf(layer, 'cell') != null;

/**
 * `unmasked`: layers that Keras gives no mask though their input has one. Returns what stays different.
 */
export function passMasksAsKeras(model: LayersModel, unmasked: ReadonlySet<string>, isKeras3: boolean): string[] {
  const problems: string[] = [];
  if (!hasMasks(model)) return problems;
  mergeMasks(model as Container, isKeras3);
  visit(model as Container, unmasked, false, problems);
  return problems;
}

/** How masks change what Keras learns, but not what is learnt here. */
export function remarksOnMasks(model: LayersModel, isKeras3: boolean): string[] {
  if (!hasMasks(model)) return [];
  const container = model as Container;
  const isOne = (tensor: SymbolicTensor): boolean => masked(tensor, container, false);
  const normalized = container.layers.filter(
    layer =>
      layer.getClassName() === 'BatchNormalization' &&
      layer.inboundNodes.some(({ inputTensors }) => inputTensors.some(isOne)),
  );
  const left: string[] = [];
  if (container.outputs.some(isOne))
    left.push('masked steps of its outputs count in losses and metrics, from which Keras leaves them out');
  if (isKeras3 && normalized.length > 0)
    left.push(`masked steps count in the statistics of ${normalized.map(({ name }) => `'${name}'`).join(', ')}`);
  return left;
}

/** Whether there is a layer that makes masks. */
function hasMasks(model: LayersModel): boolean {
  return model.layers.some(layer => makesMask(layer as Layer) || (isContainer(layer) && hasMasks(layer)));
}

function visit(model: Container, unmasked: ReadonlySet<string>, isMasked: boolean, problems: string[]): void {
  const nodes = nodesOf(model);
  for (const layer of model.layers as Layer[]) {
    const calls = layer.inboundNodes.filter(node => nodes.has(node) && node.inputTensors.length > 0);
    const given = calls.map(({ inputTensors }) => masked(inputTensors[0]!, model, isMasked));
    const takes = given.map(one => one && !unmasked.has(layer.name));
    const [some, all] = [takes.some(one => one), takes.every(one => one)];
    if (isContainer(layer)) {
      const leaves = layer.outputs.some(output => masked(output, layer, some));
      if (leaves) problems.push(`the mask that the model '${layer.name}' makes for its output is not passed on`);
      // Else the mask of the first call would stay there.
      for (const node of nodesOf(layer)) if (isEmpty(node.callArgs)) (node as { callArgs: unknown }).callArgs = null;
      visit(layer, unmasked, some, problems);
    }
    const merges = mergesAll.has(layer) && WITHOUT_MASKED.test(layer.getClassName());
    if (merges && calls.some(({ inputTensors }) => inputTensors.some(one => masked(one, model, isMasked))))
      problems.push(`${layer.getClassName()} '${layer.name}' leaves out the masked steps of its inputs in Keras 3`);
    const matters = isContainer(layer) || isRecurrent(layer) || AVERAGES.test(layer.getClassName());
    if (calls.length === 0 || !matters) continue;
    if (some && !all) problems.push(`'${layer.name}' is called with a mask and without one`);
    else if (!some) withoutMask(layer);
    else if (AVERAGES.test(layer.getClassName())) withMeanOfMasked(layer);
  }
}

const mergesAll = new WeakSet<Layer>();

/** Masks of several inputs become one: TensorFlow.js makes one with another shape, of some of them. */
function mergeMasks(model: Container, isKeras3: boolean): void {
  for (const layer of model.layers as Layer[]) {
    if (isContainer(layer)) mergeMasks(layer, isKeras3);
    const owner = layer as unknown as { computeMask: MaskOf };
    if (isKeras3 && layer.getClassName() === 'Concatenate') {
      const axis = fieldOf(layer, 'axis') as number;
      owner.computeMask = (inputs, mask) => maskOfConcatenated([inputs].flat(), [mask].flat(), axis);
    }
    if (!MERGING.test(layer.getClassName())) continue;
    layer.supportsMasking = true;
    if (isKeras3) mergesAll.add(layer);
    owner.computeMask = (_, mask) => {
      const all = [mask].flat();
      const given = all.filter(one => one !== null && one !== undefined);
      // Keras 3 leaves steps in that one of the inputs has; tf_keras those that all have.
      if (given.length === 0 || (isKeras3 && given.length < all.length)) return null;
      return tidy(() => given.reduce((one, other) => (isKeras3 ? logicalOr(one, other) : logicalAnd(one, other))));
    };
  }
}

/** Keras 3 leaves steps in that one of the inputs has; TensorFlow.js and tf_keras those that all have. */
function maskOfConcatenated(inputs: readonly Tensor[], masks: readonly Mask[], axis: number): Tensor | null {
  if (masks.every(one => one === null || one === undefined)) return null;
  return tidy(() => {
    const whole = inputs.map((input, i) => {
      const ones = cast(onesLike(input), 'bool');
      const mask = masks[i];
      if (mask === null || mask === undefined) return ones;
      return logicalAnd(ones, mask.rank < input.rank ? expandDims(mask, -1) : mask);
    });
    return someOf(concat(whole, axis), -1);
  });
}

type Mask = Tensor | null | undefined;
type MaskOf = (inputs: Tensor | Tensor[], mask: Mask | Mask[]) => Tensor | null;
type Node = Layer['inboundNodes'][number];

/** Calls within the model. A layer may have others, in another model. */
function nodesOf(model: Container): ReadonlySet<Node> {
  const found = new Set<Node>();
  const next = [...model.outputs];
  for (let tensor = next.pop(); tensor !== undefined; tensor = next.pop()) {
    const node = (tensor.sourceLayer as Layer).inboundNodes[tensor.nodeIndex];
    if (node === undefined || found.has(node)) continue;
    found.add(node);
    next.push(...node.inputTensors);
  }
  return found;
}

function isContainer(layer: unknown): layer is Container {
  return 'layers' in (layer as object) && 'outputs' in (layer as object);
}

/** Whether its output has a mask, whatever its input has. */
export function makesMask(layer: Layer): boolean {
  const className = layer.getClassName();
  return className === 'Masking' || (className === 'Embedding' && fieldOf(layer, 'maskZero') === true);
}

/** Whether Keras gives the tensor a mask. `isMasked`: whether the inputs of the model have one. */
function masked(tensor: SymbolicTensor, model: Container, isMasked: boolean): boolean {
  const seen = new Map<SymbolicTensor, boolean>();
  const isOne = (one: SymbolicTensor): boolean => {
    const known = seen.get(one);
    if (known !== undefined) return known;
    const found = compute(one);
    seen.set(one, found);
    return found;
  };
  const compute = (one: SymbolicTensor): boolean => {
    const layer = one.sourceLayer as Layer;
    if (makesMask(layer)) return true;
    const inputs = layer.inboundNodes[one.nodeIndex]?.inputTensors ?? [];
    // An InputLayer gets its own output.
    if (inputs.length === 0 || inputs[0] === one) return isMasked && model.inputs.some(({ name }) => name === one.name);
    if (isContainer(layer)) return layer.outputs.some(output => masked(output, layer, inputs.some(isOne)));
    if (isRecurrent(layer))
      return one.tensorIndex === 0 && fieldOf(layer, 'returnSequences') === true && isOne(inputs[0]!);
    const className = layer.getClassName();
    if (className === 'Dot') return false;
    if (MERGING.test(className)) return mergesAll.has(layer) ? inputs.every(isOne) : inputs.some(isOne);
    if (className === 'Concatenate') return inputs.some(isOne);
    return layer.supportsMasking && isOne(inputs[0]!);
  };
  return isOne(tensor);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

const without = new WeakSet<Layer>();

/** Whether the layer computes without the mask of its input. */
export function takesNoMask(layer: Layer): boolean {
  return without.has(layer);
}

function withoutMask(layer: Layer): void {
  without.add(layer);
  const owner = layer as unknown as { call: Call };
  const call = owner.call.bind(layer);
  owner.call = (inputs, kwargs) => {
    const { mask: _, ...rest } = kwargs ?? {};
    return call(inputs, rest);
  };
}

function withMeanOfMasked(layer: Layer): void {
  const owner = layer as unknown as { call: Call };
  const call = owner.call.bind(layer);
  const keepsDims = (fieldOf(layer, 'options') as { keepdims?: unknown } | undefined)?.keepdims === true;
  owner.call = (inputs, kwargs) => {
    const given = kwargs?.mask as Tensor | Tensor[] | null | undefined;
    const mask = Array.isArray(given) ? given[0] : given;
    if (mask === null || mask === undefined) return call(inputs, kwargs);
    return tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const counted = expandDims(cast(mask, x.dtype), -1);
      return div(sum(mul(x, counted), 1, keepsDims), sum(counted, 1, keepsDims));
    });
  };
}

/**
 * Masks of recurrent layers that are given a first state. TensorFlow.js, like Keras 2, passes the mask of their input
 * on to them. Keras 3 does so only for layers with a single input; for these, the mask has to be an argument of the
 * call, computed by operations in the model.
 */
import { fieldOf } from '../../../../layers/family.js';
import type { Layer, LayersModel } from '../../../../layers/types.js';
import { makesMask } from '../masked-calls.js';
import type { Json } from './keras-classes.js';

export type SymbolicTensor = LayersModel['outputs'][number];

/** What computes a mask: a layer, from its input. */
interface MaskSource {
  readonly layer: Layer;
  readonly input: SymbolicTensor;
}

/** Operations, and the tensor that they compute, in Keras 3's form. */
export interface Mask {
  readonly operations: readonly Json[];
  readonly result: Json;
}

/** Layers that take the tensors after the first one for their first state. */
export const RECURRENT: ReadonlySet<string> = new Set([
  'RNN',
  'SimpleRNN',
  'GRU',
  'LSTM',
  'ConvLSTM2D',
  'Bidirectional',
]);
/** Layers with masks of their own, or of many inputs. */
const OTHER: ReadonlySet<string> = new Set([
  ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot', 'Subtract'],
]);

/** Undefined if TensorFlow.js gives the tensor no mask, or if its mask comes from more than one place. */
export function maskSource(tensor: SymbolicTensor): MaskSource | undefined {
  const layer = tensor.sourceLayer as Layer;
  const [input] = layer.inboundNodes[tensor.nodeIndex]?.inputTensors ?? [];
  const className = layer.getClassName();
  if (input === undefined || 'layers' in layer) return undefined;
  if (makesMask(layer)) return { layer, input };
  if (RECURRENT.has(className)) {
    const isSequence = tensor.tensorIndex === 0 && fieldOf(layer, 'returnSequences') === true;
    return isSequence ? maskSource(input) : undefined;
  }
  return layer.supportsMasking && !OTHER.has(className) ? maskSource(input) : undefined;
}

/** `name`: of the layer; `tensor`: its input, in Keras 3's form. */
export function maskOperations({ layer, input }: MaskSource, name: string, tensor: Json): Mask {
  const value = layer.getClassName() === 'Masking' ? fieldOf(layer, 'maskValue') : 0;
  const unequal = operation('NotEqual', `${name}_not_equal`, {}, [tensor, value]);
  const mask = result(`${name}_not_equal`, input.shape);
  if (layer.getClassName() !== 'Masking') return { operations: [unequal], result: mask };
  const any = operation('Any', `${name}_any`, { axis: [-1], keepdims: false }, [mask]);
  return { operations: [unequal, any], result: result(`${name}_any`, input.shape.slice(0, -1)) };
}

function operation(className: string, name: string, config: Json, args: unknown[]): Json {
  return {
    module: 'keras.src.ops.numpy',
    class_name: className,
    config: { name, ...config },
    registered_name: className,
    name,
    inbound_nodes: [{ args, kwargs: {} }],
  };
}

function result(name: string, shape: readonly (number | null)[]): Json {
  return { class_name: '__keras_tensor__', config: { shape, dtype: 'bool', keras_history: [name, 0, 0] } };
}

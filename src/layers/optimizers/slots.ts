/** The slots of an optimizer as attributes of a checkpoint, whether they exist, wait, or are zeros that nobody keeps. */
import { mul, type Optimizer, scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../format/dtypes.js';
import { type Attribute, type Capture, type CaptureOptions, VARIABLE_VALUE } from '../../graph/trackable.js';
import { captureTensor } from '../staging.js';
import { pendingOf } from './pending.js';
import type { OptimizerState, SlotKind } from './state.js';

export interface SlotPlace {
  readonly variableName: string;
  readonly kind: SlotKind;
  /** The variable's shape; the slot's too. */
  readonly shape: readonly number[];
  readonly fullName: string;
  readonly label: string;
}

/** A slot's value in the optimizer's own form. */
type Value = Tensor | TensorValue | 'zeros';

/** Undefined if there is no such slot. */
export function slotAttribute(optimizer: Optimizer, state: OptimizerState, place: SlotPlace): Attribute | undefined {
  const { variableName, kind, shape, fullName, label } = place;
  const value = currentValue(optimizer, state, variableName, kind);
  if (value === undefined) return undefined;
  return {
    name: VARIABLE_VALUE,
    fullName,
    label,
    dtype: 'float32',
    shape: [...shape],
    capture: options => capture(value, state.scale(kind), shape, options),
    assign: ({ data }) => assignSlot(state, variableName, kind, { dtype: 'float32', shape, data }),
  };
}

/** The value as the optimizer has it, for keys beside the graph. */
export function exactSlot(
  optimizer: Optimizer,
  state: OptimizerState,
  { variableName, kind, shape }: SlotPlace,
): Pick<Attribute, 'dtype' | 'shape' | 'capture'> | undefined {
  const value = currentValue(optimizer, state, variableName, kind);
  if (value === undefined || value === 'zeros' || state.scale(kind) === 1) return undefined;
  return { dtype: 'float32', shape: [...shape], capture: options => capture(value, 1, shape, options) };
}

/** From Keras's form to the optimizer's. A learning rate of 0 leaves nothing to divide by, and nothing that moves. */
export function fromKeras(state: OptimizerState, kind: SlotKind, value: TensorValue): TensorValue {
  const scale = Math.fround(state.scale(kind));
  if (scale === 1) return value;
  return { ...value, data: (value.data as Float32Array).map(element => (scale === 0 ? 0 : element / scale)) };
}

/** `value` is in the optimizer's form. False if the slot does not exist. */
export function assignSlot(state: OptimizerState, variableName: string, kind: SlotKind, value: TensorValue): boolean {
  return tidy(() => state.assign(variableName, kind, tensor(value.data as Float32Array, [...value.shape], 'float32')));
}

function currentValue(
  optimizer: Optimizer,
  state: OptimizerState,
  variableName: string,
  kind: SlotKind,
): Value | undefined {
  return state.slot(variableName, kind) ?? pendingOf(optimizer)?.slots.get(variableName)?.get(kind.list);
}

function capture(value: Value, scale: number, shape: readonly number[], options?: CaptureOptions): Capture {
  if (value === 'zeros') {
    const size = shape.reduce((product, length) => product * length, 1);
    return { data: () => new Float32Array(size), release: () => undefined };
  }
  if ('data' in value && !('dataSync' in value)) {
    const data = (value.data as Float32Array).map(element => element * scale);
    return { data: () => data, release: () => undefined };
  }
  const live = value as Tensor;
  if (scale === 1) return captureTensor(live, options);
  const scaled = tidy(() => mul(live, scalar(scale)));
  const captured = captureTensor(scaled, options);
  scaled.dispose();
  return captured;
}

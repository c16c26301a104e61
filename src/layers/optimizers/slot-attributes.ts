/**
 * The slots of an optimizer as attributes of a checkpoint: slots that exist, slots that wait, and zeros that the
 * optimizer does not keep.
 */
import { type CopyBudget, captureTensor, isHostHeld } from '../../bundle/tf-staging.js';
import { type TensorValue, tensorValue } from '../../format/dtypes.js';
import { sizeOf } from '../../format/shape.js';
import { type Attribute, type Capture, captureOf, VARIABLE_VALUE } from '../../graph/attribute.js';
import type { Extra } from '../../graph/trackable.js';
import { mul, scalar, type Tensor, tidy } from '../../tfjs-core.js';
import { type OptimizerState, type SlotKind, tensorOf, type WaitingSlots } from './optimizer-state.js';

export interface SlotPlace {
  readonly variableName: string;
  readonly kind: SlotKind;
  /** The shape of the variable and of the slot. */
  readonly shape: readonly number[];
  readonly fullName: string;
  readonly label: string;
}

/**
 * Name of an extra of a slot: the optimizer's own value. Written if Keras's value differs and cannot be converted back
 * exactly.
 */
export const EXACT = 'exact';

/**
 * Name of an extra of a slot, which has the path of the slot's variable in its key. Written if several variables have
 * the name that is part of the slot's name.
 */
export const OWNER = 'variable';

/** The values of an optimizer's slots at this moment. */
export class SlotValues {
  readonly #state: OptimizerState;
  readonly #waiting: WaitingSlots;

  constructor(state: OptimizerState, waiting: WaitingSlots) {
    this.#state = state;
    this.#waiting = waiting;
  }

  /** Undefined if there is no such slot. */
  attribute(place: SlotPlace): Attribute | undefined {
    const { variableName, kind, shape, fullName, label } = place;
    const value = this.#value(place);
    if (value === undefined) return undefined;
    const state = this.#state;
    return {
      name: VARIABLE_VALUE,
      fullName,
      label,
      dtype: 'float32',
      shape: [...shape],
      capture: budget => capture(value, state.scale(kind), place, budget),
      assign: ({ data }) => {
        assignSlot(state, variableName, kind, fromKeras(state, kind, tensorValue('float32', shape, data)));
      },
    };
  }

  /** Undefined if Keras's value is the same as the optimizer's. */
  exact(place: SlotPlace): Extra | undefined {
    const value = this.#value(place);
    const { kind, shape } = place;
    if (value === undefined || value === 'zeros' || this.#state.scale(kind) === 1) return undefined;
    return { name: EXACT, dtype: 'float32', shape: [...shape], capture: budget => capture(value, 1, place, budget) };
  }

  #value({ variableName, kind }: SlotPlace): Tensor | TensorValue | 'zeros' | undefined {
    return this.#state.slot(variableName, kind) ?? this.#waiting.get(variableName)?.get(kind.list);
  }
}

/**
 * Converts a value from Keras's form to the optimizer's. `rate`: the learning rate when the value was written, if it is
 * known. With a rate of 0 one cannot divide, and the slot has no effect: the result is 0.
 */
export function fromKeras(state: OptimizerState, kind: SlotKind, value: TensorValue, rate?: number): TensorValue {
  const scale = Math.fround(state.scale(kind, rate));
  if (scale === 1) return value;
  const data = (value.data as Float32Array).map(element => (scale === 0 ? 0 : element / scale));
  return tensorValue(value.dtype, value.shape, data);
}

/** `value` is in the optimizer's form. False if the slot does not exist. */
export function assignSlot(state: OptimizerState, variableName: string, kind: SlotKind, value: TensorValue): boolean {
  return tidy(() => state.assign(variableName, kind, tensorOf(value)));
}

function capture(
  value: Tensor | TensorValue | 'zeros',
  scale: number,
  { shape, label }: SlotPlace,
  budget: CopyBudget | undefined,
): Capture {
  if (value === 'zeros') {
    const size = sizeOf(shape);
    return captureOf(() => new Float32Array(size), 'given');
  }
  // Values that are still a JavaScript array must not go through an operation of TensorFlow.js, so they are scaled
  // here.
  const isArray = isWaiting(value) || isHostHeld(value);
  if (isArray && (scale !== 1 || isWaiting(value))) {
    // With a float32 factor, as TensorFlow multiplies.
    const factor = Math.fround(scale);
    const given = (isWaiting(value) ? value.data : value.dataSync()) as Float32Array;
    const data = given.map(element => element * factor);
    return captureOf(() => data, 'kept');
  }
  if (scale === 1) return captureTensor(value, label, budget);
  const scaled = tidy(() => mul(value, scalar(scale)));
  const captured = captureTensor(scaled, label);
  scaled.dispose();
  return captured;
}

function isWaiting(value: Tensor | TensorValue): value is TensorValue {
  return !('dataSync' in value);
}

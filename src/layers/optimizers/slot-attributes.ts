/**
 * The slots of an optimizer as attributes of a checkpoint, whether they exist, wait, or are zeros that nobody keeps.
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
  /** The variable's shape; the slot's too. */
  readonly shape: readonly number[];
  readonly fullName: string;
  readonly label: string;
}

/**
 * Beside the node of a slot: its value as the optimizer has it, if Keras's is another that cannot be turned back
 * exactly.
 */
export const EXACT = 'exact';

/**
 * Beside the node of a slot, before the path of its variable, if several variables have the name that the slot's name
 * has in it.
 */
export const OWNER = 'variable';

/** What an optimizer's slots are at this moment. */
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

  /** None if Keras's value is the optimizer's. */
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
 * From Keras's form to the optimizer's. `rate`: what it was when the value was written, if it is known. A learning rate
 * of 0 leaves nothing to divide by, and nothing that moves.
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
  // No operation may be done on what is an array of JavaScript's.
  const isArray = isWaiting(value) || isHostHeld(value);
  if (isArray && (scale !== 1 || isWaiting(value))) {
    // In float32, as TensorFlow multiplies.
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

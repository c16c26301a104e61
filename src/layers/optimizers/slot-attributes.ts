/**
 * The slots of an optimizer as attributes of a checkpoint: slots that exist, slots that wait, and zeros that the
 * optimizer does not keep.
 */
import type { CopyBudget } from '../../bundle/tf-staging.js';
import { type TensorValue, tensorValue } from '../../format/dtypes.js';
import { sizeOf } from '../../format/shape.js';
import { type Attribute, type Capture, captureOf, VARIABLE_VALUE } from '../../graph/attribute.js';
import type { Extra } from '../../graph/trackable.js';
import type { Tensor, Variable } from '../../tfjs-core.js';
import { assignTensor } from '../assigned-tensor.js';
import type { OptimizerState, SlotKind, WaitingSlots } from './optimizer-state.js';
import { isOwnVariable } from './own-variables.js';
import { captureScaled } from './scaled-capture.js';

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

interface SlotAttribute extends Attribute {
  /** The optimizer's variable, if the slot is written with exactly its value. */
  readonly slot: Variable | undefined;
}

/** The variable of a slot; undefined for any other attribute. */
export function slotVariable(attribute: Attribute): Variable | undefined {
  return (attribute as Partial<SlotAttribute>).slot;
}

/** A slot, the value of one that does not exist yet, or zeros that the optimizer does not keep. */
type SlotValue = Tensor | TensorValue | 'zeros';

/** The values of an optimizer's slots at this moment. */
export class SlotValues {
  readonly #state: OptimizerState;
  readonly #waiting: WaitingSlots;

  constructor(state: OptimizerState, waiting: WaitingSlots) {
    this.#state = state;
    this.#waiting = waiting;
  }

  /** Undefined if there is no such slot. */
  of(place: SlotPlace): { readonly attribute: Attribute; readonly exact: Extra | undefined } | undefined {
    const value = this.#value(place);
    return value && { attribute: this.#attribute(value, place), exact: this.#exact(value, place) };
  }

  #attribute(value: SlotValue, place: SlotPlace): SlotAttribute {
    const { variableName, kind, shape, fullName, label } = place;
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
      slot: isOwnVariable(value) && state.scale(kind) === 1 ? value : undefined,
    };
  }

  /** Undefined if Keras's value is the same as the optimizer's. */
  #exact(value: SlotValue, place: SlotPlace): Extra | undefined {
    const { kind, shape } = place;
    if (value === 'zeros' || this.#state.scale(kind) === 1) return undefined;
    return { name: EXACT, dtype: 'float32', shape: [...shape], capture: budget => capture(value, 1, place, budget) };
  }

  #value({ variableName, kind }: SlotPlace): SlotValue | undefined {
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
  return assignTensor(value, 'float32', made => state.assign(variableName, kind, made));
}

function capture(
  value: SlotValue,
  scale: number,
  { shape, label }: SlotPlace,
  budget: CopyBudget | undefined,
): Capture {
  if (value !== 'zeros') return captureScaled(value, scale, label, budget);
  const size = sizeOf(shape);
  return captureOf(() => new Float32Array(size), 'given');
}

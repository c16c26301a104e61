/**
 * An optimizer as the numbered variables that Keras's own files hold. Keras assigns them by their number alone, and
 * takes none of them if their count differs, so every trained variable has its slots, also before its first step.
 */
import { TensorBundleError } from '../../errors.js';
import { sizeOf } from '../../format/shape.js';
import { type Attribute, captureOf } from '../../graph/attribute.js';
import { isSameShape } from '../../graph/mismatch.js';
import type { Optimizer } from '../../tfjs-core.js';
import { kerasState } from './keras-state.js';
import { isLossScaling, lossScalingOf, steppingOptimizer } from './loss-scaling.js';
import type { NumberState, OptimizerState, SlotKind } from './optimizer-state.js';
import type { Belongings } from './ownership.js';
import { SlotValues } from './slot-attributes.js';
import { tfjsState, unknownOptimizer } from './tfjs-state.js';
import { waitingSlots } from './waiting-slots.js';

/** One value: the parts of an attribute that a file without an object graph needs. */
export type KerasVariable = Pick<Attribute, 'dtype' | 'shape' | 'label' | 'capture'> & {
  /** tf_keras's name: `Adam/m/dense/kernel`. */
  readonly fullName: string;
};

interface TrainedVariable {
  /** Its name in TensorFlow.js. */
  readonly name: string;
  /** Keras's name: `dense/kernel`. */
  readonly fullName: string;
  readonly shape: readonly number[];
}

export interface KerasVariables {
  /** Keras's class: `Adam`. */
  readonly kerasName: string;
  readonly variables: readonly KerasVariable[];
  /** With loss scaling in Keras 3: those of the optimizer that makes the steps, which are also in `variables`. */
  readonly inner?: readonly KerasVariable[];
  /** Variables that have slots and are not trained any more: Keras has no place for these slots. */
  readonly frozen: readonly string[];
  /** What tf_keras begins anew, also with a file of its own. For a warning: `its …`. */
  readonly lacking: readonly string[];
}

interface KerasVariablesOptions {
  readonly form: 'keras3' | 'tf_keras';
  /** The variables that Keras will train, in its order. */
  readonly trained: readonly TrainedVariable[];
  /** Whether Keras computes the learning rate of each step: Keras 3 has no variable for it then. */
  readonly isScheduled: boolean;
}

/**
 * Throws ERR_NOT_SUPPORTED for an unknown optimizer,
 * ERR_STATE if it is not clear which variables its slots belong to.
 */
export function kerasVariables(
  optimizer: Optimizer,
  belongings: Belongings,
  { form, trained, isScheduled }: KerasVariablesOptions,
): KerasVariables {
  const stepping = steppingOptimizer(optimizer);
  const state = kerasState(stepping, belongings) ?? tfjsState(stepping, belongings);
  if (state === undefined) throw unknownOptimizer(stepping);
  const waiting = waitingSlots(stepping, belongings);
  if (waiting.ownerless.length > 0) throw ownerless(belongings.label, waiting.ownerless.length);
  const { kerasName, learningRate, iterations, hyper } = state;
  const label = optimizer.getClassName();
  const isKeras3 = form === 'keras3';
  const at = (name: string): number => hyper.find(one => one.name === name)?.get() ?? 0;
  const values = new SlotValues(state, waiting.slots);
  // Adagrad's; the slots of all others begin at zero.
  const { initialAccumulatorValue: first = 0 } = stepping as { initialAccumulatorValue?: number };
  // Keras 3's SGD has velocities only with a momentum; tf_keras's always has them.
  const groups = isKeras3 && kerasName === 'SGD' && at('momentum') === 0 ? [] : state.groups;
  const slots = groups.flatMap(group =>
    trained.flatMap(variable => group.map(kind => slotOf(variable, kind, { state, values, label, first }))),
  );
  const scope = isKeras3 ? kerasName.toLowerCase() : '';
  const count = number('int64', isKeras3 ? `${scope}/iteration` : 'iteration', `${label}/iterations`, iterations);
  // A rate that falls is a schedule in Keras, which has no variable.
  const rate =
    isKeras3 && at('decay') === 0 && !isScheduled
      ? [number('float32', `${scope}/learning_rate`, `${label}/learningRate`, learningRate)]
      : [];
  const scalars = state.scalars.map(one => number('float32', `${scope}/variable`, `${label}/${one.name}`, one));
  const own = [count, ...rate, ...slots, ...(isKeras3 ? scalars : [])];
  const existing = new Set([...state.variableNames(), ...waiting.slots.keys()]);
  for (const { name } of trained) existing.delete(name);
  const told = {
    kerasName,
    frozen: groups.length > 0 ? [...existing] : [],
    lacking: isKeras3 ? [] : isLossScaling(optimizer) ? ['whole state'] : state.scalars.map(({ name }) => name),
  };
  if (!isKeras3 || !isLossScaling(optimizer)) return { ...told, variables: own };
  return { ...told, variables: [...outer(optimizer, label), ...own], inner: own };
}

/** keras/src/optimizers/loss_scale_optimizer.py: its own steps and rate stay 0. */
function outer(optimizer: Optimizer, label: string): KerasVariable[] {
  const { scale, counter } = lossScalingOf(optimizer, 'keras3')!;
  const zero = (name: string): NumberState => ({ name, get: () => 0, set: () => undefined });
  const one = (dtype: 'int64' | 'float32', name: string, state: NumberState): KerasVariable =>
    number(dtype, `loss_scale_optimizer/${name}`, `${label}/${name}`, state);
  return [
    one('int64', 'iteration', zero('iteration')),
    one('float32', 'learning_rate', zero('learning_rate')),
    one('int64', 'step_counter', counter),
    one('float32', 'dynamic_scale', scale),
  ];
}

interface SlotSource {
  readonly state: OptimizerState;
  readonly values: SlotValues;
  readonly label: string;
  /** The initial value of a slot. */
  readonly first: number;
}

function slotOf({ name, fullName, shape }: TrainedVariable, kind: SlotKind, source: SlotSource): KerasVariable {
  const { state, values, label, first } = source;
  const place = {
    variableName: name,
    kind,
    shape,
    fullName: `${state.kerasName}/${kind.name}/${fullName}`,
    label: `${label}/${kind.name}/${name}`,
  };
  const found = values.of(place)?.attribute;
  if (found !== undefined && isSameShape(found, { shape })) return found;
  const size = sizeOf(shape);
  return { ...place, dtype: 'float32', capture: () => captureOf(() => new Float32Array(size).fill(first), 'given') };
}

function number(dtype: 'int64' | 'float32', fullName: string, label: string, state: NumberState): KerasVariable {
  return {
    dtype,
    shape: [],
    fullName,
    label,
    capture: () => {
      const value = state.get();
      const data = dtype === 'int64' ? BigInt64Array.of(BigInt(value)) : Float32Array.of(value);
      return captureOf(() => data);
    },
  };
}

function ownerless(label: string, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_STATE',
    `${label} was restored and has not made a step since. Only a step shows which variables ${found} of its slots ` +
      "belong to, and Keras's files need to know. Make a step first, or save with includeOptimizer: false",
    { found },
  );
}

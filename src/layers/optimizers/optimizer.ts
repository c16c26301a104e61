/** An optimizer as an object of a checkpoint: how it is written under Keras's names, and restored from them. */
import { TensorBundleError } from '../../errors.js';
import type { Trackable } from '../../graph/trackable.js';
import { engine, type Optimizer, type Variable } from '../../tfjs-core.js';
import { isVariable } from '../family.js';
import { variableOf } from '../variable.js';
import { kerasState } from './keras-state.js';
import { lossScalingOf, type ScalingForm, steppingOptimizer } from './loss-scaling.js';
import { OptimizerRestorer } from './optimizer-restorer.js';
import { withoutSlots } from './optimizer-state.js';
import type { Belongings } from './ownership.js';
import { SlotValues } from './slot-attributes.js';
import { tfjsState, unknownOptimizer } from './tfjs-state.js';
import { VariableOrder } from './variable-order.js';
import { waitingSlots } from './waiting-slots.js';
import { type SlotVariable, WrittenOptimizer } from './written-optimizer.js';

export { isOptimizer } from './optimizer-state.js';

/** What else is in the checkpoint, and how the optimizer is written. */
interface OptimizerSurroundings extends Belongings {
  readonly keys: 'new' | 'legacy';
  /** False: slots are neither written nor restored, only counters and hyper-parameters. */
  readonly slots: boolean;
  /** Whether a layer in the checkpoint is not built yet. */
  readonly isIncomplete: boolean;
  /** The node of a tf.Variable, by its name in tfjs; undefined if the checkpoint does not hold it. */
  nodeOf(variableName: string): Trackable | undefined;
  /** Whether several variables of the checkpoint have this name in Keras. */
  isShared(fullName: string): boolean;
  /** Variables that functions use which are saved with the optimizer. Default: none. */
  readonly used?: ReadonlySet<Variable> | undefined;
  /** Default: as in the checkpoint that was restored, else Keras 3's. */
  readonly scalingForm?: ScalingForm | undefined;
}

/**
 * Call it when everything else has been described. Throws ERR_NOT_SUPPORTED for an unknown optimizer, ERR_STATE if it
 * is not clear which variables its slots belong to.
 */
export function optimizerTrackable(optimizer: Optimizer, around: OptimizerSurroundings): Trackable {
  const stepping = steppingOptimizer(optimizer);
  const complete = kerasState(stepping, around) ?? tfjsState(stepping, around);
  if (complete === undefined) throw unknownOptimizer(stepping);
  const state = around.slots ? complete : withoutSlots(complete);
  const existing = state.variableNames();
  const waiting = waitingSlots(stepping, around);
  const order = new VariableOrder(around, [...existing, ...waiting.slots.keys()]);
  const given = around.given.length > 0 ? around.given.flat() : around.trainable;
  const variables = slotVariables([...given, ...existing], around);
  const known = order.sorted([...variables.values()]);
  slotVariables([...waiting.slots.keys(), ...around.networks.flat()], around, variables);
  const all = order.sorted([...variables.values()]);
  const slots = new Set([...existing, ...waiting.slots.keys()]);
  const hasSlots = ({ name }: SlotVariable): boolean => slots.has(name);
  const slotted = waiting.inFileOrder([...all.filter(hasSlots), ...waiting.ownerless]);
  if (around.keys === 'legacy' && waiting.ownerless.length > 0) throw ownerless(around.label, waiting.ownerless);
  const [kind] = state.groups.flat();
  const hasZeros = slotted.length === 0 && kind && known.some(({ name }) => state.slot(name, kind) === 'zeros');
  const written = new WrittenOptimizer(optimizer, state, {
    values: new SlotValues(state, waiting.slots),
    variables: hasZeros ? known : slotted,
    trained: slotted.length > 0 ? slotted : known,
    scaling: lossScalingOf(optimizer, around.scalingForm),
    isShared: around.isShared,
    used: around.used ?? new Set(),
  });
  const edges = around.keys === 'new' ? written.asNew() : written.asLegacy();
  const live = { known, all, existing, order, isIncomplete: around.isIncomplete };
  const restorer = new OptimizerRestorer(optimizer, state, live);
  return { attributes: [], ...edges, restorer, label: optimizer.getClassName() };
}

/** The variables with these names, each once, without those that have been disposed. Adds them to `found`. */
function slotVariables(
  names: readonly string[],
  around: OptimizerSurroundings,
  found: Map<string, SlotVariable> = new Map(),
): Map<string, SlotVariable> {
  const { registeredVariables } = engine();
  for (const name of names) {
    const variable = registeredVariables[name];
    if (variable === undefined || found.has(name)) continue;
    const node = around.nodeOf(name);
    const [attribute] = node?.attributes ?? [];
    const isWeight = attribute !== undefined && isVariable(variableOf(attribute));
    found.set(name, { name, fullName: attribute?.fullName ?? name, shape: variable.shape, node, isWeight });
  }
  return found;
}

function ownerless(label: string, variables: readonly SlotVariable[]): TensorBundleError {
  const found = variables.map(({ fullName }) => fullName);
  return new TensorBundleError(
    'ERR_STATE',
    `${label} was restored and has not made a step since. Only a step shows which variables ${found.length} of its ` +
      `slots (${found[0]}, …) belong to, and legacy keys need to know. Make a step first, or save with ` +
      "optimizerKeys: 'new'",
    { found },
  );
}

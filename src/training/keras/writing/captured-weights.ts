/** The weights that a model had at one moment, and the state of its optimizer, as what an HDF5 file is to hold. */
import type { CopyBudget } from '../../../bundle/tf-staging.js';
import { nextCall } from '../../../commit/call-order.js';
import { invalidArgument } from '../../../errors.js';
import type { Attribute } from '../../../graph/attribute.js';
import type { GroupToWrite } from '../../../hdf5/writing/content.js';
import { checkModel } from '../../../layers/model.js';
import { type KerasVariables, kerasVariables } from '../../../layers/optimizers/keras-variables.js';
import { steppingOptimizer } from '../../../layers/optimizers/loss-scaling.js';
import type { Layer, LayersModel } from '../../../layers/types.js';
import { liveValue, variableOf } from '../../../layers/variable.js';
import { Description } from '../../checkpoint/description.js';
import { scheduleOf } from '../config/learning-rate-schedule.js';
import { type DescribedModel, keras3Objects } from '../layouts/keras3-objects.js';
import { legacyLayers, trainedVariables } from '../layouts/legacy-layers.js';
import { CapturedValues } from './captured-values.js';
import { Group } from './group.js';
import { keras3Tree } from './keras3-tree.js';
import { legacyOptimizer, legacyTree } from './legacy-tree.js';

/**
 * 'keras3': `.weights.h5`, and the weights in `.keras`. 'legacy-weights': `.h5` of weights. 'legacy-model': the groups
 * of a whole model in `.h5`; its root lacks only the configuration.
 */
type WeightsForm = 'keras3' | 'legacy-weights' | 'legacy-model';

export interface WeightsChoice {
  readonly form: WeightsForm;
  /** Default: whether the model is compiled. A file of weights in the legacy form has no place for an optimizer. */
  readonly includeOptimizer?: boolean | undefined;
  /** The names of layers, as the configuration has them. */
  readonly names: ReadonlyMap<Layer, string>;
}

export interface CapturedWeights {
  /** Each dataset releases its value as soon as it was read. */
  readonly root: GroupToWrite;
  readonly tensors: number;
  /** When the values were captured: of several saves to one path, the one with the latest values stays. */
  readonly call: number;
  /** `listener` is called when all values have been read. */
  whenRead(listener: () => void): void;
  /** Lets go of what has not been read. */
  release(): void;
}

/**
 * Synchronous: the values of the call. `budget` limits what is copied of arrays that callers may still change. Throws
 * ERR_INVALID_ARGUMENT for a model that is not built, or `includeOptimizer: true` for one that is not compiled;
 * ERR_NOT_SUPPORTED for an optimizer that Keras lacks.
 */
export function capturedWeights(model: LayersModel, choice: WeightsChoice, budget: CopyBudget): CapturedWeights {
  checkModel(model);
  const { form, includeOptimizer } = choice;
  if (includeOptimizer && !model.optimizer) {
    throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
  }
  const description = new Description([model], { optimizers: false });
  const root = description.trackable(model, 'model');
  description.complete();
  const described: DescribedModel = { root, objectOf: node => description.objectOf(node) };
  const hasOptimizer = model.optimizer && includeOptimizer !== false && form !== 'legacy-weights';
  const optimizer = hasOptimizer ? optimizerOf(model, form, description, described) : undefined;
  const values = new CapturedValues(budget);
  try {
    return {
      root: treeOf(choice, described, optimizer, values),
      tensors: values.tensors,
      call: nextCall(),
      whenRead: listener => values.whenRead(listener),
      release: () => values.release(),
    };
  } catch (error) {
    values.release();
    throw error;
  }
}

function treeOf(
  { form, names }: WeightsChoice,
  model: DescribedModel,
  optimizer: KerasVariables | undefined,
  values: CapturedValues,
): Group {
  if (form === 'keras3') return keras3Tree({ objects: keras3Objects(model), names, optimizer }, values);
  const weights = legacyTree(legacyLayers(model), names, values);
  if (form === 'legacy-weights') return weights;
  const root = new Group();
  root.children.set('model_weights', weights);
  if (optimizer) root.children.set('optimizer_weights', legacyOptimizer(optimizer, values));
  return root;
}

function optimizerOf(
  model: LayersModel,
  form: WeightsForm,
  description: Description,
  described: DescribedModel,
): KerasVariables {
  const belongings = description.belongings([model], `the optimizer of ${model.name}`);
  const trained = trainedVariables(described).map(variable => ({
    name: tfjsName(variable),
    fullName: variable.fullName,
    shape: variable.shape,
  }));
  const { optimizer } = model;
  const found = kerasVariables(optimizer, belongings, {
    form: form === 'keras3' ? 'keras3' : 'tf_keras',
    trained,
    isScheduled: [optimizer, steppingOptimizer(optimizer)].some(one => scheduleOf(one) !== undefined),
  });
  warn(model, found);
  return found;
}

function tfjsName(variable: Attribute): string {
  return liveValue(variableOf(variable)!, variable.label).name;
}

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_STATE_NOT_WRITTEN' };
const warned = new WeakSet<object>();

/** Once per optimizer. */
function warn({ name, optimizer }: LayersModel, { kerasName, frozen, lacking }: KerasVariables): void {
  const lost = [
    ...(frozen.length > 0
      ? [`what it keeps for ${frozen.length} frozen variables (${frozen[0]}, …), for which Keras keeps nothing`]
      : []),
    ...lacking.map(one => `its ${one}, which tf_keras does not keep in .h5 files and begins anew`),
  ];
  if (lost.length === 0 || warned.has(optimizer)) return;
  warned.add(optimizer);
  const message =
    `some of the state of the model '${name}' will not be restored in Python (its optimizer is ${kerasName}): ` +
    `${lost.join('; ')}. A checkpoint (saveWeights to a path without an ending) has everything`;
  process.emitWarning(message, WARNING);
}

/**
 * Descriptions of models that are saved or loaded again and again: how a model, its optimizer and their variables are
 * called in a checkpoint seldom changes from one save to the next. A description is used again only while everything
 * that it was made of is the same. If that is not known of some part of a model, it is made anew each time.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkpointRoot, type Trackable } from '../../graph/trackable.js';
import { addOptimizer } from '../../layers/optimizers/optimizer-witness.js';
import { addModel, isSameWitness, type Witness } from '../../layers/witness.js';
import { type DescribeOptions, Description } from '../checkpoint/description.js';

interface Kept {
  readonly witness: Witness;
  readonly model: Trackable;
  /** The root of a checkpoint that holds nothing but the model. */
  readonly root: Trackable;
}

/** Null for a model that was only loaded, and only once: most are not loaded again. */
const kept = new WeakMap<LayersModel, Kept | null>();

/** The model as the root of a checkpoint to save. */
export function modelRoot(model: LayersModel, options: DescribeOptions): Trackable {
  return described(model, options).root;
}

/** The model as an object of a checkpoint to save. */
export function savedModel(model: LayersModel, options: DescribeOptions): Trackable {
  return described(model, options).model;
}

/** The model as an object to load. */
export function loadedModel(model: LayersModel, options: DescribeOptions): Trackable {
  if (kept.has(model)) return described(model, options).model;
  const trackable = describeModel(model, options);
  kept.set(model, null);
  return trackable;
}

/** The model as it is now, for any use. */
export function describeModel(model: LayersModel, options: DescribeOptions): Trackable {
  const description = new Description([model], options);
  const trackable = description.trackable(model, 'model');
  description.complete();
  return trackable;
}

function described(model: LayersModel, options: DescribeOptions): Pick<Kept, 'model' | 'root'> {
  const witness = witnessOf(model, options);
  const before = witness && kept.get(model);
  if (before && isSameWitness(before.witness, witness)) return before;
  const trackable = describeModel(model, options);
  const made = { model: trackable, root: checkpointRoot(trackable, [], witness !== null) };
  kept.set(model, witness && { ...made, witness });
  return made;
}

/** Null if it is not known what the description depends on. */
function witnessOf(model: LayersModel, options: DescribeOptions): Witness | null {
  const { optimizers = true, optimizerKeys = 'new', skipSlotVariables = false, defer = false } = options;
  const witness: Witness = [optimizers, optimizerKeys, skipSlotVariables, defer];
  try {
    const { optimizer } = model as Partial<LayersModel>;
    const hasOptimizer = optimizers && optimizer != null;
    witness.push(hasOptimizer);
    return addModel(model, witness) && (!hasOptimizer || addOptimizer(optimizer, witness)) ? witness : null;
  } catch {
    // The description tells what is wrong with the model.
    return null;
  }
}

/**
 * Passes a complete model through `tf.loadLayersModel`. That function makes a model from a topology and weights. But a
 * topology may name any registered class, so it names one of ours, which returns the model that exists already, with
 * the full state of its optimizer.
 */

import type { io, serialization } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { serialization as registry } from '../tfjs-core.js';

const waiting = new Map<number, LayersModel>();
let tickets = 0;

/** Stands for a waiting model in a topology. The model is given out once. */
class ReadyModel extends registry.Serializable {
  static readonly className = 'TensorBundleReadyModel';

  override getConfig(): serialization.ConfigDict {
    return {};
  }

  static override fromConfig<T extends serialization.Serializable>(
    _: unknown,
    { ticket }: serialization.ConfigDict,
  ): T {
    return take(ticket as number) as unknown as T;
  }
}

/** Artifacts for a loader that uses them at once. `path` is for the error of `tf.loadGraphModel`. */
export function readyArtifacts(model: LayersModel, path: string): io.ModelArtifacts {
  if (!(ReadyModel.className in registry.SerializationMap.getMap().classNameMap)) {
    registry.registerClass(ReadyModel as unknown as Parameters<typeof serialization.registerClass>[0]);
  }
  const ticket = ++tickets;
  waiting.set(ticket, model);
  const modelTopology = { class_name: ReadyModel.className, config: { ticket } };
  const artifacts: io.ModelArtifacts = { modelTopology, format: 'layers-model' };
  // Only the loader of graph models reads this property, and it does so first.
  Object.defineProperty(artifacts, 'getWeightStream', {
    get: () => {
      dispose(take(ticket));
      const message = `${path} holds a layers model; load it with tf.loadLayersModel`;
      throw invalidArgument(message, { path });
    },
  });
  return artifacts;
}

export function dispose(model: LayersModel): void {
  // `model.dispose` does not dispose an optimizer that was given to the model.
  model.optimizer?.dispose();
  model.dispose();
}

function take(ticket: number): LayersModel {
  const model = waiting.get(ticket);
  if (model) waiting.delete(ticket);
  else throw new TensorBundleError('ERR_STATE', 'these artifacts have been used already; load them again');
  return model;
}

/**
 * A model that is complete, through the hands of `tf.loadLayersModel`. That makes a model from a topology and its
 * weights; but a topology may name any registered class, so ours gives the model that is there already, with all that
 * its optimizer has.
 */

import type { io, serialization } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { serialization as registry } from '../tfjs-core.js';

const waiting = new Map<number, LayersModel>();
let tickets = 0;

/** Stands in a topology for a model, which is given out once. */
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

/** For a loader that will use them at once. `path` is for the message to one that wants a graph model. */
export function readyArtifacts(model: LayersModel, path: string): io.ModelArtifacts {
  if (!(ReadyModel.className in registry.SerializationMap.getMap().classNameMap)) {
    registry.registerClass(ReadyModel as unknown as Parameters<typeof serialization.registerClass>[0]);
  }
  const ticket = ++tickets;
  waiting.set(ticket, model);
  const modelTopology = { class_name: ReadyModel.className, config: { ticket } };
  const artifacts: io.ModelArtifacts = { modelTopology, format: 'layers-model' };
  // What a loader of graph models asks first; nobody else does.
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
  // A model leaves the optimizer that it was given to its giver.
  model.optimizer?.dispose();
  model.dispose();
}

function take(ticket: number): LayersModel {
  const model = waiting.get(ticket);
  if (model) waiting.delete(ticket);
  else throw new TensorBundleError('ERR_STATE', 'these artifacts were used already; load them again');
  return model;
}

/** BatchNormalization after layers such as Conv3D, which TensorFlow.js builds and cannot compute. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fieldOf } from '../../../layers/family.js';
import type { Layer } from '../../../layers/types.js';
import { reshape, type Tensor, tidy } from '../../../tfjs-core.js';

type Call = (inputs: Tensor | Tensor[], kwargs: unknown) => Tensor;

/** TensorFlow.js has it for as many dimensions. */
const MOST_DIMENSIONS = 4;

/** Returns what cannot be computed. */
export function normalizeVolumes(model: LayersModel): string[] {
  return (model.layers as Layer[]).flatMap(layer => {
    if ('layers' in layer) return normalizeVolumes(layer as unknown as LayersModel);
    if (layer.getClassName() !== 'BatchNormalization') return [];
    const ranks = layer.inboundNodes.map(({ inputTensors }) => inputTensors[0]?.shape.length ?? 0);
    const rank = Math.max(...ranks);
    if (rank <= MOST_DIMENSIONS) return [];
    const axis = fieldOf(layer, 'axis');
    if ((axis !== -1 && axis !== rank - 1) || Math.min(...ranks) < rank)
      return [`BatchNormalization '${layer.name}' of ${rank} dimensions with axis ${String(axis)} cannot be computed`];
    normalizeRows(layer);
    return [];
  });
}

/** The same as for one long row of channels. */
function normalizeRows(layer: Layer): void {
  const owner = layer as unknown as { axis: number; call: Call };
  owner.axis = -1;
  const call = owner.call.bind(layer);
  owner.call = (inputs, kwargs) =>
    tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      return reshape(call(reshape(x, [-1, x.shape.at(-1)!]), kwargs), x.shape);
    });
}

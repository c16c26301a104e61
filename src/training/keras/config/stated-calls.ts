/**
 * Recurrent layers with an initial state, as in Keras. TensorFlow.js leaves the state of one layer to all later ones
 * of the same prediction, which then fail or begin with it; it gives the initial state for masked steps at the
 * beginning, where Keras gives zeros; and it cannot call such a layer in a model within a model.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fieldOf } from '../../../layers/family.js';
import type { Layer } from '../../../layers/types.js';
import { cast, cumsum, minimum, mul, reshape, reverse, slice, type Tensor, tidy } from '../../../tfjs-core.js';

type Arguments = Record<string, unknown> | null | undefined;
type Call = (inputs: Tensor | Tensor[], kwargs: Arguments) => Tensor | Tensor[];
interface Calls {
  apply: Call;
  call: Call;
}

export function passStatesAsKeras(model: LayersModel): void {
  for (const layer of model.layers as Layer[]) {
    if ('layers' in layer) passStatesAsKeras(layer as unknown as LayersModel);
    const hasCell = fieldOf(layer, 'cell') != null;
    const isStated = layer.inboundNodes.some(({ inputTensors }) => inputTensors.length > 1);
    if (isStated && (hasCell || layer.getClassName() === 'Bidirectional')) withOwnArguments(layer);
    if (hasCell && (isStated || fieldOf(layer, 'stateful') === true)) withState(layer);
  }
}

/** TensorFlow.js puts the state into the arguments, which are one object for all layers. */
function withOwnArguments(layer: Layer): void {
  const owner = layer as unknown as Calls;
  const apply = owner.apply.bind(layer);
  owner.apply = (inputs, kwargs) => apply(inputs, kwargs && { ...kwargs });
}

function withState(layer: Layer): void {
  const owner = layer as unknown as Calls;
  const call = owner.call.bind(layer);
  owner.call = (inputs, kwargs) =>
    tidy(() => {
      const [x, ...states] = [inputs].flat() as [Tensor, ...Tensor[]];
      const mask = [kwargs?.mask].flat()[0] as Tensor | null | undefined;
      const outputs = call(x, { ...kwargs, mask, ...(states.length > 0 && { initialState: states }) });
      if (mask === null || mask === undefined) return outputs;
      const [output, ...after] = [outputs].flat() as [Tensor, ...Tensor[]];
      const shown = mul(output, fromFirstStep(mask, output, layer));
      return Array.isArray(outputs) ? [shown, ...after] : shown;
    });
}

/** 0 until the first step that is not masked, for the output or for the steps of it. */
function fromFirstStep(mask: Tensor, { rank }: Tensor, layer: Layer): Tensor {
  const given = cast(cast(mask, 'bool'), 'float32');
  const shown = minimum(cumsum(fieldOf(layer, 'goBackwards') === true ? reverse(given, 1) : given, 1), 1);
  const [batch, steps] = shown.shape as [number, number];
  const isSequence = fieldOf(layer, 'returnSequences') === true;
  const one = isSequence ? shown : slice(shown, [0, steps - 1], [-1, 1]);
  return reshape(one, [batch, one.shape[1]!, ...Array.from({ length: rank - 2 }, () => 1)]);
}

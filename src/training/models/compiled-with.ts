/**
 * `model.compile` with functions of `keras-functions.ts`. TensorFlow.js chooses by its own losses what `'accuracy'` is,
 * and which shape targets have. So it compiles with these, and the functions take their places afterwards.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { functionOf, type KerasFunction, kerasFunctionOf, type LossOrMetric } from './keras-functions.js';

type CompileArgs = Parameters<LayersModel['compile']>[0];

/** Parts of LayersModel that are not public. */
interface Inner {
  /** Of a Sequential: the model that is trained in its place. */
  readonly model?: Inner;
  loss: CompileArgs['loss'];
  lossFunctions: LossOrMetric[];
  metricsTensors: [LossOrMetric, number][];
}

/** Where TensorFlow.js lacks the loss without options, too. */
const STAND_INS: Readonly<Record<string, string>> = { huber: 'meanSquaredError' };
/** Activations and layers of probabilities. Keras finds the logits before them, even if `from_logits` is true. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  binaryCrossentropy: 'sigmoid',
  categoricalCrossentropy: 'softmax',
  sparseCategoricalCrossentropy: 'softmax',
};

export function compileWith(model: LayersModel, args: CompileArgs): void {
  const { loss } = args;
  model.compile({ ...args, loss: plain(loss) as CompileArgs['loss'] });
  const compiled = model as unknown as Inner;
  const inner = compiled.model ?? compiled;
  // Each output has the loss at its place, or by its name, or all have one.
  const given = model.outputNames.map((name, i) =>
    typeof loss === 'object' ? (loss as Record<string | number, unknown>)[Array.isArray(loss) ? i : name] : loss,
  );
  for (const [i, one] of given.entries()) {
    const keras = kerasFunctionOf(one);
    if (keras === undefined) continue;
    const own = functionOf(keras, isProbability(model, i, keras));
    inner.lossFunctions[i] = own;
    if (given.length > 1) inner.metricsTensors[i]![0] = own;
  }
  for (const one of [compiled, inner]) one.loss = loss;
}

function plain(loss: unknown): unknown {
  const keras = kerasFunctionOf(loss);
  if (keras !== undefined) return STAND_INS[keras.of] ?? keras.of;
  if (Array.isArray(loss)) return loss.map(plain);
  if (typeof loss !== 'object' || loss === null) return loss;
  return Object.fromEntries(Object.entries(loss).map(([name, one]) => [name, plain(one)]));
}

function isProbability(model: LayersModel, output: number, { of }: KerasFunction): boolean {
  let tensor = model.outputs[output]!;
  // The last layer may be a model.
  while ('outputs' in tensor.sourceLayer)
    tensor = (tensor.sourceLayer as LayersModel).outputs[tensor.outputTensorIndex ?? 0]!;
  const { activation } = tensor.sourceLayer as { activation?: { getClassName?(): string } };
  const found = activation?.getClassName?.() ?? tensor.sourceLayer.getClassName().toLowerCase();
  return found === ACTIVATIONS[of];
}

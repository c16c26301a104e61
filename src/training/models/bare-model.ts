/**
 * Makes a model from its topology without computing initial weights, since stored ones replace them at once. For that
 * TensorFlow.js gives layers an argument in `fromConfig`, but `tf.loadLayersModel` uses it only with weights in its own
 * form. So the topology names a class of ours, which passes the argument on.
 */
import type { serialization } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../errors.js';
import { engine, serialization as registry } from '../../tfjs-core.js';
import { registerAdded } from './added/added-classes.js';
import { withOrderedCalls } from './ordered-calls.js';
import { requireLayers } from './tfjs-layers.js';
import { unreachableWithin } from './unreachable-layer.js';

interface Artifacts {
  readonly modelTopology: object;
  readonly userDefinedMetadata?: Record<string, object>;
}

interface Named {
  readonly className: string;
  readonly config: serialization.ConfigDict;
}

/** As layers have it: the last argument is not declared for other classes. */
type FromConfig = (cls: unknown, config: serialization.ConfigDict, custom: object, fastWeightInit: boolean) => object;

class BareModel extends registry.Serializable {
  static readonly className = 'TensorBundleBareModel';

  override getConfig(): serialization.ConfigDict {
    return {};
  }

  static override fromConfig<T extends serialization.Serializable>(
    _: unknown,
    { topology, customObjects, maxBytes }: serialization.ConfigDict,
  ): T {
    const { className, config } = topology as unknown as Named;
    const [cls, fromConfig] = registry.SerializationMap.getMap().classNameMap[className]!;
    const { registeredVariables, state } = engine();
    const before = new Set(Object.values(registeredVariables));
    // Nobody else can make tensors meanwhile, so whatever is in the scope is of the layers.
    engine().startScope();
    const release = limitWeights(maxBytes as number);
    try {
      const model = (fromConfig as unknown as FromConfig)(cls, config, customObjects as object, true) as T;
      for (const tensor of state.activeScope.track) tensor.kept = true;
      return model;
    } catch (error) {
      // The weights of the layers that were made before the one that failed; the scope disposes of other tensors, such
      // as the values of a variable whose name TensorFlow.js refuses.
      for (const one of Object.values(registeredVariables)) if (!before.has(one)) one.dispose();
      throw error;
    } finally {
      release();
      engine().endScope();
    }
  }
}

interface Adding {
  addWeight(name: string, shape: readonly (number | null)[], ...rest: unknown[]): unknown;
}

/** Layers are made in one go, so nothing else makes weights until the returned function is called. */
function limitWeights(maxBytes: number): () => void {
  const prototype = requireLayers().layers.Layer.prototype as unknown as Adding;
  const { addWeight } = prototype;
  let left = maxBytes;
  prototype.addWeight = function (name, shape, ...rest) {
    left -= 4 * shape.reduce<number>((size, length) => size * (length ?? 1), 1);
    if (left < 0)
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `its weights need more than the ${maxBytes} bytes that they can have`,
        {
          expected: maxBytes,
        },
      );
    return addWeight.call(this, name, shape, ...rest);
  };
  return () => {
    prototype.addWeight = addWeight;
  };
}

/**
 * `maxBytes`: of all weights of the model; more are refused before they are made. Throws ERR_CORRUPT for that, and for
 * layers whose calls cannot be made; and what `tf.loadLayersModel` throws.
 */
export async function makeModel(given: Artifacts, maxBytes = Number.POSITIVE_INFINITY): Promise<LayersModel> {
  const lost = unreachableWithin(given.modelTopology);
  if (lost !== undefined) {
    throw new TensorBundleError(
      'ERR_CORRUPT',
      `the inputs of the layer '${lost}' never come to be, so the architecture is damaged; save the model again`,
      { found: lost },
    );
  }
  const artifacts = { ...given, modelTopology: withOrderedCalls(given.modelTopology) as object };
  const layers = requireLayers();
  registerAdded(layers);
  const plain = (): Promise<LayersModel> => layers.loadLayersModel({ load: async () => artifacts });
  const { model_config: inner, ...outer } = artifacts.modelTopology as { model_config?: object; class_name?: unknown };
  const topology = (inner ?? outer) as { class_name?: unknown; config?: unknown };
  const classes = registry.SerializationMap.getMap().classNameMap;
  // What TensorFlow.js does not know, or cannot use, it refuses itself.
  const isKnown = typeof topology.class_name === 'string' && Object.hasOwn(classes, topology.class_name);
  if (!isKnown || typeof topology.config !== 'object' || topology.config === null) return await plain();
  if (!Object.hasOwn(classes, BareModel.className))
    registry.registerClass(BareModel as unknown as Parameters<typeof registry.registerClass>[0]);
  const modelTopology = { class_name: BareModel.className, config: { topology, maxBytes } };
  const model = await layers.loadLayersModel({ load: async () => ({ ...artifacts, modelTopology }) });
  if (model.outputs?.length > 0) return model;
  // Its layers are not connected: their weights are made later, and nothing may replace them then.
  model.dispose();
  return await plain();
}

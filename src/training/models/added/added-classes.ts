/**
 * Classes that Keras has and TensorFlow.js lacks, for models from Keras's files. Those whose names begin with `Keras`
 * stand for a class without that, with options that TensorFlow.js's own class lacks.
 */
import type * as tfjsLayers from '@tensorflow/tfjs-layers';
import { serialization } from '../../../tfjs-core.js';
import { addedActivations } from './added-activations.js';
import { addedLayer } from './added-layer.js';
import { OPERATION } from './added-operations.js';
import { SHAPES } from './added-shapes.js';
import { VALUES } from './added-values.js';
import { weightedLayers } from './weighted-layers.js';

/** Registers them with TensorFlow.js, if nobody has registered classes of these names. */
export function registerAdded(tfjs: typeof tfjsLayers): void {
  const { classNameMap } = serialization.SerializationMap.getMap();
  if (Object.hasOwn(classNameMap, OPERATION[0])) return;
  const { Layer } = tfjs.layers;
  const layers = [...VALUES, ...SHAPES, OPERATION].map(([name, kind]) => addedLayer(Layer, name, kind));
  for (const one of [...layers, ...weightedLayers(tfjs), ...addedActivations()])
    if (!Object.hasOwn(classNameMap, (one as unknown as { className: string }).className))
      serialization.registerClass(one);
}

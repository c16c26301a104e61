/** Layers that several models share. TensorFlow.js makes each model by itself, with layers of its own. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../../errors.js';
import type { Layer } from '../../../layers/types.js';

/** For a file that has the values of such a layer once. Layers without weights need none. */
export function refuseShared(shared: ReadonlySet<string>, model: LayersModel, path: string): void {
  const names = new Set(shared);
  const visit = (layers: readonly Layer[]): void => {
    for (const layer of layers) {
      if (layer.weights.length === 0) names.delete(layer.name);
      if ('layers' in layer) visit((layer as unknown as LayersModel).layers as Layer[]);
    }
  };
  visit(model.layers as Layer[]);
  if (names.size > 0) throw sharedLayers(names, path);
}

export function sharedLayers(names: ReadonlySet<string>, path: string): TensorBundleError {
  const list = [...names].map(name => `'${name}'`).join(', ');
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `several models in ${path} share layers, which TensorFlow.js cannot make from a file: ${list}; make the model in ` +
      'your program, where they are shared, and use loadWeights; or give each model its own layers in Python',
    { path, found: [...names] },
  );
}

/** Layers that several models share. TensorFlow.js makes each model by itself, with layers of its own. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ErrorCode, TensorBundleError } from '../../../errors.js';
import type { Layer } from '../../../layers/types.js';

const UNFIT: readonly ErrorCode[] = ['ERR_MISMATCH', 'ERR_UNMATCHED'];

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

/**
 * The error for a file whose values do not fit, if Keras did not say that layers are shared: it writes such `.keras`
 * files and cannot load them itself. Otherwise the error that was found.
 */
export function asShared(error: unknown, model: LayersModel, path: string): unknown {
  if (!(error instanceof TensorBundleError) || !UNFIT.includes(error.code)) return error;
  const seen = new Set<string>();
  const repeated = new Set<string>();
  const visit = (layers: readonly Layer[]): void => {
    for (const layer of layers) {
      if ('layers' in layer) visit((layer as unknown as LayersModel).layers as Layer[]);
      else if (layer.weights.length > 0) (seen.has(layer.name) ? repeated : seen).add(layer.name);
    }
  };
  visit(model.layers as Layer[]);
  return repeated.size > 0 ? sharedLayers(repeated, path, error) : error;
}

export function sharedLayers(names: ReadonlySet<string>, path: string, cause?: TensorBundleError): TensorBundleError {
  const list = [...names].map(name => `'${name}'`).join(', ');
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `several models in ${path} share layers, which TensorFlow.js cannot make from a file: ${list}; make the model in ` +
      'your program, where they are shared, and use loadWeights; or give each model its own layers in Python',
    { path, found: [...names], ...(cause && { cause }) },
  );
}

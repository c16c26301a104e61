/**
 * Whole models as SavedModels, the form in which TensorFlow and Keras 2 exchange models: architecture, weights and
 * optimizer in one directory. Needs `@tensorflow/tfjs-layers`.
 *
 * @example
 * await saveModel(model, 'out/digits'); // tf_keras.models.load_model('out/digits')
 */
export {
  type FunctionInputs,
  type FunctionOutput,
  func,
  type RankedInputs,
  type TracedFunction,
} from './training/savedmodel/defined/func.js';
export type { InputSpec, InputType } from './training/savedmodel/defined/input-signature.js';
export {
  loadFunctions,
  type SavedFunction,
  type SavedFunctions,
  type SignatureParameter,
} from './training/savedmodel/functions/load-functions.js';
export { type LoadModelOptions, loadModel } from './training/savedmodel/loaded/load-model.js';
export type { Signatures } from './training/savedmodel/written/chosen-signatures.js';
export { type SaveModelOptions, type SaveObjectOptions, saveModel } from './training/savedmodel/written/save-model.js';

/**
 * TensorFlow itself, as tfjs-node's backend has it: what tfjs-node's own `tf.node.loadSavedModel` is made of. That
 * function is not used, since it refuses a model if any signature has a type that TensorFlow.js lacks, and goes on with
 * a model that was replaced since.
 */
import { createRequire } from 'node:module';
import { TensorBundleError } from '../../../errors.js';
import { engine, type Tensor } from '../../../tfjs-core.js';

/** A tensor of TensorFlow: `dtype` is its number in types.proto. */
export interface NativeTensor {
  readonly id: number;
  readonly dtype: number;
  readonly shape: number[];
}

interface Binding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  loadSavedModel(path: string, tags: string): number;
  runSavedModel(session: number, inputs: readonly number[], names: string, outputs: string): NativeTensor[];
  deleteSavedModel(session: number): void;
  executeOp(name: string, attributes: readonly object[], inputs: readonly number[], outputs: number): NativeTensor[];
  tensorDataSync(id: number): unknown;
  deleteTensor(id: number): void;
}

export interface TensorFlowBackend {
  readonly binding: Binding;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(tensor: NativeTensor): Tensor;
}

const NAME = 'tensorflow';
const PACKAGES = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

/**
 * That of the program if it has loaded tfjs-node; else loads it. Throws ERR_NOT_SUPPORTED if it cannot be found, or if
 * another backend is in use.
 */
export function tensorFlowBackend(): TensorFlowBackend {
  const backend = registered() ?? loaded();
  if (backend === null) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the functions of a SavedModel need TensorFlow: install ${PACKAGES[0]}, and import it in your program`,
      { expected: PACKAGES[0] },
    );
  }
  const { backendName } = engine();
  if (backendName === NAME) return backend;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the functions of a SavedModel run in TensorFlow, but the backend is '${backendName}': ` +
      `call tf.setBackend('${NAME}')`,
    { expected: NAME, found: backendName },
  );
}

function registered(): TensorFlowBackend | null {
  const backend: unknown = engine().findBackend(NAME);
  const { binding } = (backend ?? {}) as Partial<TensorFlowBackend>;
  return typeof binding?.loadSavedModel === 'function' ? (backend as TensorFlowBackend) : null;
}

function loaded(): TensorFlowBackend | null {
  const require = createRequire(import.meta.url);
  for (const name of PACKAGES) {
    try {
      require(name);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' && String(cause).includes(`'${name}'`)) continue;
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `${name} is installed but cannot be loaded (${String(cause).split('\n')[0]}); ` +
          '`npx tensorbundle setup-tfjs-node` sets it up',
        { expected: name, cause },
      );
    }
    return registered();
  }
  return null;
}

/** The signatures of a SavedModel as functions of TensorFlow.js's tensors. */
import '../../../disposal.js';
import { join, resolve } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type PathLike, pathOf } from '../../../commit/paths.js';
import { TensorBundleError } from '../../../errors.js';
import { withDirectory } from '../../../storage/directory.js';
import { readStoredModel } from '../stored/stored-model.js';
import { checkedInputs } from './function-inputs.js';
import { Session } from './session.js';
import { type Signature, signaturesOf } from './signatures.js';

/** An input or an output of a signature. */
export interface SignatureParameter {
  readonly name: string;
  /** In the model; TensorFlow.js has float32 for all floats, and int32 for all integers. */
  readonly dtype: string;
  /** Null in place of a dimension that may have any size; null if even their number is free. */
  readonly shape: readonly (number | null)[] | null;
}

/** A signature of a SavedModel. */
export interface SavedFunction {
  /**
   * Takes the inputs in the order of `inputs`, or one object with their names. Gives one tensor, or the tensors of all
   * `outputs` in their order; the caller disposes of them. It blocks the event loop while TensorFlow runs it.
   *
   * Integers are int32 in TensorFlow.js and are cast; so are floats, to float32. A value that does not fit rejects with
   * ERR_DTYPE (input) or ERR_TOO_LARGE (output). Also rejects with ERR_INVALID_ARGUMENT (wrong inputs, and what
   * TensorFlow says), ERR_DTYPE, ERR_SHAPE, ERR_NOT_SUPPORTED (a type that TensorFlow.js lacks, such as bits and
   * composite tensors) and ERR_CLOSED.
   */
  (...inputs: readonly Tensor[] | readonly [Readonly<Record<string, Tensor>>]): Promise<Tensor | Tensor[]>;
  readonly inputs: readonly SignatureParameter[];
  readonly outputs: readonly SignatureParameter[];
}

/**
 * By the name of the signature, such as `serving_default`. The end of `using` gives TensorFlow's memory back, as
 * `functions[Symbol.dispose]()` does.
 */
export type SavedFunctions = Readonly<Record<string, SavedFunction>> & { [Symbol.dispose](): void };

/**
 * The signatures of any SavedModel as functions: of `saveModel`, of tf_keras, of Keras 3's `export`, of tf.Module, of
 * TensorFlow 1. They run in TensorFlow, through `@tensorflow/tfjs-node`, which must be installed, and be the backend in
 * use; if the program has not imported it, this call does.
 *
 * A SavedModel is a program, which may read and write files: load only one that you trust.
 *
 * Rejects with ERR_NOT_FOUND if the model has no signatures (as those that Keras and `saveModel` save without traces:
 * `loadModel` makes them from their metadata), or has lost its variables; ERR_NOT_SUPPORTED without tfjs-node, on
 * another backend, and for what TensorFlow cannot load; ERR_NOT_A_CHECKPOINT, ERR_CORRUPT, ERR_TRUNCATED and
 * ERR_TOO_LARGE for what is not a SavedModel.
 *
 * @example
 * using functions = await loadFunctions('exported');
 * const scores = await functions.serving_default!(tf.zeros([1, 28, 28, 1]));
 */
export async function loadFunctions(dir: PathLike): Promise<SavedFunctions> {
  const path = resolve(pathOf(dir));
  const model = await readStoredModel(path);
  const signatures = signaturesOf(model);
  if (signatures.length === 0) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `the SavedModel at ${path} has no signatures (Keras and saveModel write none without traces); if it is a model ` +
        'of Keras, use loadModel',
      { path },
    );
  }
  if (signatures.some(({ name }) => name === 'then')) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the SavedModel at ${path} has a signature 'then', which JavaScript takes for a promise; rename it`,
      { path, found: 'then' },
    );
  }
  if (model.nodes.some(({ kind }) => kind.case === 'variable')) await checkVariables(path);
  const session = new Session(path, model.metaGraph.metaInfoDef?.tags ?? []);
  const functions = Object.create(null) as Record<string, SavedFunction> & { [Symbol.dispose](): void };
  for (const signature of signatures) functions[signature.name] = savedFunction(signature, session, path);
  Object.defineProperty(functions, Symbol.dispose, { value: () => session.close() });
  return functions;
}

/** TensorFlow itself would load the model, and fail at the first call. */
async function checkVariables(path: string): Promise<void> {
  const variables = join(path, 'variables');
  const found = await withDirectory(variables, directory => directory.stat('variables.index'));
  if (found !== null) return;
  throw new TensorBundleError(
    'ERR_NOT_FOUND',
    `the SavedModel at ${path} has lost its variables: there is no ${variables}/variables.index`,
    {
      path: variables,
    },
  );
}

function savedFunction(signature: Signature, session: Session, path: string): SavedFunction {
  const call = async (...given: readonly unknown[]): Promise<Tensor | Tensor[]> => {
    const inputs = await checkedInputs(signature, given, path);
    const tensors = session.run(inputs, signature.outputs);
    return tensors.length === 1 ? tensors[0]! : tensors;
  };
  const parameters = (all: Signature['inputs']): readonly SignatureParameter[] =>
    all.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  return Object.assign(call, { inputs: parameters(signature.inputs), outputs: parameters(signature.outputs) });
}

/** A SavedModel loaded by TensorFlow, which runs parts of its graph. */

import { TensorBundleError } from '../../../errors.js';
import { isError } from '../../../realms.js';
import type { Tensor } from '../../../tfjs-core.js';
import { dtypeName } from '../stored/tensor-summary.js';
import type { SignatureTensor } from './signatures.js';
import { counterpartOf, numberOf } from './tensor-types.js';
import { type NativeTensor, type TensorFlowBackend, tensorFlowBackend } from './tensorflow-backend.js';

const INT64 = numberOf('int64');
const INT32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;

export class Session {
  readonly #path: string;
  readonly #backend: TensorFlowBackend;
  #id: number | null;

  /** `path`: absolute. Throws ERR_NOT_SUPPORTED if TensorFlow is not there, or cannot load the model. */
  constructor(path: string, tags: readonly string[]) {
    this.#path = path;
    this.#backend = tensorFlowBackend();
    if (tags.length === 0 || tags.some(tag => tag === '' || tag.includes(','))) {
      const message = `TensorFlow cannot be asked for the tags of ${path}: ${JSON.stringify(tags)}`;
      throw new TensorBundleError('ERR_NOT_SUPPORTED', message, { path, found: tags });
    }
    try {
      this.#id = this.#backend.binding.loadSavedModel(path, tags.join(','));
    } catch (cause) {
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `TensorFlow cannot load the SavedModel at ${path}: ${textOf(cause)}`,
        { path, cause },
      );
    }
  }

  /**
   * The outputs, for the caller to dispose of. Runs on this thread. Throws ERR_CLOSED after `close`,
   * ERR_INVALID_ARGUMENT if TensorFlow does not accept the inputs, ERR_TOO_LARGE for an output of integers that int32
   * cannot hold, and ERR_NOT_SUPPORTED for a type that TensorFlow.js lacks.
   */
  run(inputs: readonly (SignatureTensor & { value: Tensor })[], outputs: readonly SignatureTensor[]): Tensor[] {
    if (this.#id === null) {
      throw new TensorBundleError('ERR_CLOSED', `the functions of ${this.#path} were disposed of`, {
        path: this.#path,
      });
    }
    const { binding } = this.#backend;
    const own: number[] = [];
    const made: Tensor[] = [];
    try {
      const ids = this.#backend.getInputTensorIds(inputs.map(({ value }) => value));
      const given = ids.map((id, i) => {
        const { dtype, value } = inputs[i]!;
        if (dtype === value.dtype) return id;
        return this.#cast({ id, dtype: numberOf(value.dtype), shape: [] }, numberOf(dtype), own).id;
      });
      const found = this.#fetch(this.#id, given, inputs, outputs);
      own.push(...found.map(({ id }) => id));
      for (const [i, tensor] of found.entries()) made.push(this.#output(tensor, outputs[i]!, own));
      return made;
    } catch (error) {
      for (const tensor of made) tensor.dispose();
      throw error;
    } finally {
      for (const id of own) binding.deleteTensor(id);
    }
  }

  close(): void {
    if (this.#id !== null) this.#backend.binding.deleteSavedModel(this.#id);
    this.#id = null;
  }

  #fetch(
    session: number,
    ids: readonly number[],
    inputs: readonly SignatureTensor[],
    outputs: readonly SignatureTensor[],
  ): NativeTensor[] {
    const names = (tensors: readonly SignatureTensor[]): string => tensors.map(({ tensor }) => tensor).join(',');
    try {
      // tfjs-node gives one undefined value if there are no outputs.
      return this.#backend.binding.runSavedModel(session, ids, names(inputs), names(outputs)).slice(0, outputs.length);
    } catch (cause) {
      throw new TensorBundleError('ERR_INVALID_ARGUMENT', `TensorFlow: ${textOf(cause)}`, { path: this.#path, cause });
    }
  }

  /** The tensor for the caller. Takes the id out of `own`, if the caller's tensor has it. */
  #output(tensor: NativeTensor, { name }: SignatureTensor, own: number[]): Tensor {
    const dtype = dtypeName(tensor.dtype);
    const counterpart = counterpartOf(dtype);
    if (counterpart === undefined) throw unsupported(name, dtype, this.#path);
    let result = tensor;
    if (dtype !== counterpart.tfjs) {
      const wide = dtype === 'uint32' || dtype === 'uint64' ? this.#cast(tensor, INT64, own) : tensor;
      if (wide.dtype === INT64) this.#checkRange(wide, name, dtype);
      result = this.#cast(wide, numberOf(counterpart.tfjs), own);
    }
    const value = this.#backend.createOutputTensor(result);
    own.splice(own.indexOf(result.id), 1);
    return value;
  }

  /** TensorFlow itself would leave out the upper half of the bits. */
  #checkRange(tensor: NativeTensor, name: string, dtype: string): void {
    const [lowest, most] = INT32;
    const least = dtype.startsWith('u') ? 0n : lowest;
    for (const value of this.#backend.binding.tensorDataSync(tensor.id) as BigInt64Array) {
      if (value >= least && value <= most) continue;
      const found = dtype === 'uint64' ? BigInt.asUintN(64, value) : value;
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `output '${name}' holds ${found}, which int32 cannot, the only integers of TensorFlow.js; ` +
          'cast it in the model, for example to strings or to two outputs',
        { path: this.#path, tensor: name, found },
      );
    }
  }

  #cast(tensor: NativeTensor, dtype: number, own: number[]): NativeTensor {
    const { binding } = this.#backend;
    const attributes = [
      { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: tensor.dtype },
      { name: 'DstT', type: binding.TF_ATTR_TYPE, value: dtype },
      { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
    ];
    const [cast] = binding.executeOp('Cast', attributes, [tensor.id], 1);
    own.push(cast!.id);
    return cast!;
  }
}

export function unsupported(tensor: string, dtype: string, path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `'${tensor}' has the type ${dtype}, for which TensorFlow.js has no tensors; cast it in the model`,
    { path, tensor, found: dtype },
  );
}

/** The first kilobyte: TensorFlow repeats whole graphs. */
function textOf(cause: unknown): string {
  const text = isError(cause) ? cause.message : String(cause);
  return text.length > 1024 ? `${text.slice(0, 1024)}…` : text;
}

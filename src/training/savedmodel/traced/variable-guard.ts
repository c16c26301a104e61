/** Tracing runs a function for real. What it does to variables is recorded, and undone. */
import type { Variable } from '@tensorflow/tfjs-core';
import { engine, type Tensor, tensor } from '../../../tfjs-core.js';
import type { NativeBackend } from './native-backend.js';

type TensorInfo = Pick<Tensor, 'dataId' | 'shape' | 'dtype'>;

export class VariableGuard {
  readonly #backend: NativeBackend;
  readonly #before = new Map<Variable, object>();

  /** Keeps the values of all variables that TensorFlow has. */
  constructor(backend: NativeBackend) {
    this.#backend = backend;
    for (const variable of Object.values(engine().registeredVariables)) {
      if (!backend.tensorMap.has(variable.dataId)) continue;
      // Two variables made of one tensor share its data, and could not be told apart.
      if (backend.refCount(variable.dataId) > 1) giveOwnData(variable);
      backend.incRef(variable.dataId);
      this.#before.set(variable, variable.dataId);
    }
  }

  get variables(): Iterable<Variable> {
    return this.#before.keys();
  }

  /** Variables with another value than before. */
  assigned(): Variable[] {
    return [...this.#before].filter(([variable, dataId]) => variable.dataId !== dataId).map(([variable]) => variable);
  }

  /** Variables that were made since. */
  made(): Variable[] {
    const all = Object.values(engine().registeredVariables);
    return all.filter(variable => !this.#before.has(variable) && this.#backend.tensorMap.has(variable.dataId));
  }

  /** Puts the old values back, and disposes of new variables. */
  restore(): void {
    for (const variable of this.made()) variable.dispose();
    for (const [variable, dataId] of this.#before) {
      if (variable.dataId === dataId || variable.isDisposed) {
        this.#backend.disposeData(dataId);
        continue;
      }
      const old = tensorOf({ dataId, shape: variable.shape, dtype: variable.dtype });
      variable.assign(old);
      old.dispose();
    }
    this.#before.clear();
  }
}

/** Data that only this variable has. */
function giveOwnData(variable: Variable): void {
  const values = variable.dataSync<'float32'>().slice();
  const copy = tensor(values, variable.shape, variable.dtype);
  variable.assign(copy);
  copy.dispose();
}

function tensorOf(info: TensorInfo): Tensor {
  return engine().makeTensorFromTensorInfo(info) as Tensor;
}

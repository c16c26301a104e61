/**
 * Recording runs a function for real. What it does to variables is noted, and undone.
 *
 * The variables that it makes stay, with their first values: as for a tf.function of Python, those of its first call
 * are there in all others (slots of an optimizer, weights of a layer that is built when it is called).
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../../../errors.js';
import { engine, type Tensor } from '../../../tfjs-core.js';
import type { NativeBackend } from './native-backend.js';
import { ProgramPlace } from './program-place.js';
import type { Replacements } from './replacements.js';

type TensorInfo = Pick<Tensor, 'dataId' | 'shape' | 'dtype'>;

export class VariableGuard {
  readonly #backend: NativeBackend;
  readonly #before = new Map<Variable, object>();
  /** Variables that the function made, and their first values. */
  readonly #made = new Map<Variable, object>();

  /** Keeps the values of all variables. */
  constructor(backend: NativeBackend) {
    this.#backend = backend;
    for (const variable of Object.values(engine().registeredVariables)) {
      // This moves it here, if another backend has it.
      backend.tensorMap.get(variable.dataId);
      // Two variables made of one tensor share its data, and could not be told apart.
      if (backend.refCount(variable.dataId) > 1) giveOwnData(variable, backend);
      this.#keep(this.#before, variable);
    }
  }

  get variables(): Iterable<Variable> {
    return this.#before.keys();
  }

  get made(): readonly Variable[] {
    return [...this.#made.keys()];
  }

  /** Until `replacements` are put back. */
  start(replacements: Replacements): void {
    const core = engine();
    const { makeVariable, disposeVariable } = core;
    replacements.replace(core, 'makeVariable', ((...given: Parameters<typeof makeVariable>) => {
      const variable = makeVariable.apply(core, given);
      this.#keep(this.#made, variable);
      return variable;
    }) as typeof makeVariable);
    replacements.replace(core, 'disposeVariable', (variable: Variable) => {
      if (this.#before.has(variable)) throw disposalRefused(variable);
      disposeVariable.call(core, variable);
    });
  }

  /** Variables with another value than before. */
  assigned(): Variable[] {
    return [...this.#before].filter(([variable, dataId]) => variable.dataId !== dataId).map(([variable]) => variable);
  }

  /** Puts the old values back. */
  restore(): void {
    for (const [variable, dataId] of [...this.#before, ...this.#made]) {
      if (variable.dataId === dataId || variable.isDisposed) {
        this.#backend.disposeData(dataId);
        continue;
      }
      const old = tensorOf({ dataId, shape: variable.shape, dtype: variable.dtype });
      variable.assign(old);
      old.dispose();
    }
    this.#before.clear();
    this.#made.clear();
  }

  #keep(values: Map<Variable, object>, variable: Variable): void {
    this.#backend.incRef(variable.dataId);
    values.set(variable, variable.dataId);
  }
}

function disposalRefused({ name }: Variable): TensorBundleError {
  const place = new ProgramPlace('');
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function disposes of the variable '${name}' (${place.text}), which a graph cannot do`,
    { tensor: name, found: { place: place.text } },
  );
}

/** Data that only this variable has, of any type. */
function giveOwnData(variable: Variable, backend: NativeBackend): void {
  const ids = backend.getInputTensorIds([variable]);
  const [output] = backend.binding.executeOp('Identity', [], ids, 1);
  const copy = backend.createOutputTensor(output!);
  variable.assign(copy);
  copy.dispose();
}

function tensorOf(info: TensorInfo): Tensor {
  return engine().makeTensorFromTensorInfo(info) as Tensor;
}

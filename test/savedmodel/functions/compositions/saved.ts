/** Random functions, several in each SavedModel, with variables and constants that they share. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { func, saveModel } from '../../../../src/savedmodel.js';
import type { Call, Consumer, Proof } from '../proof.js';
import {
  type Composition,
  type Environment,
  environmentOf,
  inputsOf,
  type Runnable,
  runnable,
  sourceOf,
} from './composition.js';
import type { Sizes } from './size.js';
import { called, unseenSizes } from './traced.js';

/** The same constant or variable for all that want one of that shape. */
class Pool {
  readonly #tensors = new Map<string, tf.Tensor>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  environment(composition: Composition): Environment {
    const own = environmentOf(composition, `${this.#name}_${composition.seed}`);
    const isAssigned = assigns(composition);
    const found: Environment = {};
    for (const [key, tensor] of Object.entries(own)) {
      const shared = `${tensor instanceof tf.Variable} ${tensor.shape}`;
      const other = this.#tensors.get(shared);
      // Two variables of one function stay two.
      const isUsed = Object.values(found).some(one => one === other);
      if (other === undefined || isUsed || isAssigned) {
        if (!isUsed) this.#tensors.set(shared, tensor);
        found[key] = tensor;
      } else {
        tensor.dispose();
        found[key] = other;
      }
    }
    return found;
  }
}

export function assigns(composition: Composition): boolean {
  return sourceOf(composition).includes('.assign(');
}

export interface Saved {
  readonly proof: Proof;
  dispose(): void;
}

/** Two sizes for each function that tracing has hardly chosen. */
export function provenSizes(composition: Composition): readonly Sizes[] {
  const [first, second] = unseenSizes(composition);
  return second === undefined ? [first!] : [first!, second];
}

/** Saves them as `directory/name`. */
export async function saved(
  compositions: readonly Composition[],
  directory: string,
  name: string,
  consumers: readonly Consumer[],
): Promise<Saved> {
  const pool = new Pool(name);
  const environments = compositions.map(composition => pool.environment(composition));
  const functions = compositions.map((composition, i) => ({
    key: `f${composition.seed}`,
    fn: runnable(composition, environments[i]!),
    composition,
    environment: environments[i]!,
  }));
  const signatures = Object.fromEntries(
    functions.map(({ key, fn, composition }) => [
      key,
      func(fn as (...inputs: tf.Tensor[]) => tf.Tensor[], composition.inputs),
    ]),
  );
  const variables = [...new Set(environments.flatMap(one => Object.values(one)))].filter(
    one => one instanceof tf.Variable,
  );
  const dir = join(directory, name);
  await saveModel({ ...signatures, variables } as never, dir, { signatures } as never);
  const calls = functions.flatMap(({ key, fn, composition, environment }) =>
    provenSizes(composition).map(sizes => callOf(key, fn, composition, environment, sizes)),
  );
  return {
    proof: { name, dir, consumers, calls },
    dispose: () => {
      tf.dispose([environments, calls.map(({ inputs, outputs, after }) => [inputs, outputs, after ?? {}])] as never);
    },
  };
}

function callOf(
  signature: string,
  fn: Runnable,
  composition: Composition,
  environment: Environment,
  sizes: Sizes,
): Call {
  const inputs = inputsOf(composition, sizes);
  const results = called(fn, inputs, environment);
  const outputs: Record<string, tf.Tensor> = {};
  const after: Record<string, tf.Tensor> = {};
  for (const [name, tensor] of Object.entries(results)) {
    if (!name.startsWith('after ')) outputs[name] = tensor;
    else after[(environment[name.slice(6)] as tf.Variable).name] = tensor;
  }
  return {
    signature,
    inputs: Object.fromEntries(composition.inputs.map(({ name }, i) => [name, inputs[i]!])),
    outputs,
    ...(assigns(composition) ? { after } : {}),
  };
}

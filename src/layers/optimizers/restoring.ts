/** One restore of one optimizer: what was read first decides what is believed afterwards. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../format/dtypes.js';
import type { RestorePart } from '../../graph/restorer.js';
import { addPending, forgetPending } from './pending.js';
import { assignSlot, fromKeras } from './slots.js';
import type { NumberState, OptimizerState } from './state.js';
import type { StoredSlotValue } from './stored-slots.js';

export class Restoring {
  readonly #optimizer: Optimizer;
  readonly #state: OptimizerState;
  /** Whether this package wrote the checkpoint and nobody has trained since. */
  #isExact = false;
  #rate: number | undefined;

  constructor(optimizer: Optimizer, state: OptimizerState) {
    this.#optimizer = optimizer;
    this.#state = state;
  }

  decide([iterations, ownIterations, rate, ownRate]: readonly (string | undefined)[]): RestorePart {
    const known = [iterations, ownIterations, rate, ownRate].flatMap(key => key ?? []);
    return {
      keys: known,
      apply: values => {
        // Slots that are not restored go on waiting.
        if (this.#state.groups.length > 0) forgetPending(this.#optimizer);
        if (known.length < 4) return;
        const [steps, ownSteps, current, own] = values.map(({ data }) => Number(data[0]));
        this.#isExact = steps === ownSteps && Math.fround(own!) === current;
        this.#rate = own;
      },
    };
  }

  /** Keras has numbers as float32: 0.9 stays 0.9 and does not become 0.8999999761581421. */
  number(key: string, { get, set }: NumberState): RestorePart {
    const apply = ([value]: readonly TensorValue[]): void => {
      const number = Number(value!.data[0]);
      if (value!.dtype !== 'float32' || Math.fround(get()) !== number) set(number);
    };
    return { keys: [key], apply };
  }

  exactRate(): RestorePart {
    const apply = (): void => {
      if (this.#isExact && this.#rate !== undefined) this.#state.learningRate.set(this.#rate);
    };
    return { keys: [], apply };
  }

  /** As tfjs would have them after so many steps: it multiplies in float32, step by step. */
  betas(): RestorePart[] {
    const { exact, iterations } = this.#state;
    const fields = this.#optimizer as unknown as Record<string, number>;
    return exact.map(({ name, set }) => ({
      keys: [],
      apply: () => {
        const steps = iterations.get();
        if (name === 'iteration') return set(steps);
        const beta = Math.fround(fields[name === 'accBeta1' ? 'beta1' : 'beta2']!);
        let power = beta;
        // Soon it changes no more, however large a number the file has.
        for (let i = 0, next = Math.fround(power * beta); i < steps && next !== power; i++) {
          power = next;
          next = Math.fround(power * beta);
        }
        set(power);
      },
    }));
  }

  exactNumber(key: string, state: NumberState): RestorePart {
    const apply = ([value]: readonly TensorValue[]): void => {
      if (this.#isExact) state.set(Number(value!.data[0]));
    };
    return { keys: [key], apply };
  }

  slot({ kind, key, place, variable, exact }: StoredSlotValue): RestorePart {
    const apply = ([keras, own]: readonly TensorValue[]): void => {
      const value = this.#isExact && own ? own : fromKeras(this.#state, kind, keras!);
      const owner = 'candidates' in variable ? variable : variable.name;
      if (typeof owner === 'string' && assignSlot(this.#state, owner, kind, value)) return;
      addPending(this.#optimizer, this.#state, owner, { list: kind.list, place, value });
    };
    return { keys: exact === undefined ? [key] : [key, exact], apply };
  }
}

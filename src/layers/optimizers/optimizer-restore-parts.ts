/** The parts of one restore of one optimizer. The values that are read first decide which of the later ones count. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { copiesValues } from '../../bundle/tf-upload.js';
import type { TensorValue } from '../../format/dtypes.js';
import { pathOfKey } from '../../graph/key.js';
import type { RestorePart } from '../../graph/trackable.js';
import { keptValue } from '../assigned-tensor.js';
import { forgetLossScaling, restoreLossScaling, type ScalingForm, steppingOptimizer } from './loss-scaling.js';
import type { NumberState, OptimizerState } from './optimizer-state.js';
import { assignSlot, fromKeras } from './slot-attributes.js';
import type { StoredSlotValue } from './stored-slots.js';
import { addWaitingSlot, forgetUndecided, forgetWaitingSlots } from './waiting-slots.js';

export class OptimizerRestoreParts {
  readonly #optimizer: Optimizer;
  readonly #stepping: Optimizer;
  readonly #state: OptimizerState;
  /** Whether this package wrote the checkpoint and nobody has trained on it since. */
  #isExact = false;
  /** The learning rate in the checkpoint: Keras's value here, and this package's exact value in `#ownRate`. */
  #storedRate: number | undefined;
  #ownRate: number | undefined;
  /** Lists for which this restore has already removed the slots that waited before. */
  readonly #begun = new Set<string>();

  constructor(optimizer: Optimizer, state: OptimizerState) {
    this.#optimizer = optimizer;
    this.#stepping = steppingOptimizer(optimizer);
    this.#state = state;
  }

  /**
   * Removes the slots that waited before, if the whole optimizer is restored. If a part is left out, slots that are not
   * restored go on waiting.
   */
  forget(): RestorePart {
    const apply = (): void => {
      if (this.#state.groups.length > 0) forgetWaitingSlots(this.#stepping);
    };
    return { keys: [], isForWhole: true, apply };
  }

  decide(keys: readonly (string | undefined)[]): RestorePart {
    const known = keys.flatMap(key => key ?? []);
    return {
      keys: known,
      looksOn: true,
      apply: values => {
        const numbers = new Map(known.map((key, i) => [key, Number(values[i]!.data[0])]));
        const [steps, ownSteps, rate, ownRate] = keys.map(key => (key === undefined ? undefined : numbers.get(key)));
        this.#storedRate = rate;
        if (known.length < 4) return;
        this.#isExact = steps === ownSteps && Math.fround(ownRate!) === rate;
        this.#ownRate = ownRate;
      },
    };
  }

  /**
   * Keras keeps numbers as float32. A number that is equal in float32 is left as it is: 0.9 does not become
   * 0.8999999761581421.
   */
  number(key: string, { name, get, set, accepts }: NumberState): RestorePart {
    const apply: RestorePart['apply'] = ([value]) => {
      const number = Number(value!.data[0]);
      if (accepts && !accepts(number)) return 'unused';
      if (value!.dtype !== 'float32' || Math.fround(get()) !== number) set(number);
    };
    return { keys: [key], names: [name], apply };
  }

  /** `key` is the key of the rate, by which filters know it. */
  exactRate(key: string | undefined): RestorePart {
    const { name, set } = this.#state.learningRate;
    const apply = (): void => {
      if (this.#isExact && this.#ownRate !== undefined) set(this.#ownRate);
    };
    return { keys: [], names: [name, ...keyFilterNames(key)], apply };
  }

  /**
   * The powers of the betas that tfjs would have after this number of steps: it multiplies in float32, step by step.
   * `key` is the key of the iterations.
   */
  betas(key: string | undefined): RestorePart[] {
    const { exact, iterations } = this.#state;
    if (key === undefined) return [];
    const fields = this.#stepping as unknown as Record<string, number>;
    return exact.map(({ name, set }) => ({
      keys: [],
      names: [iterations.name, ...keyFilterNames(key)],
      apply: () => {
        const steps = iterations.get();
        if (name === 'iteration') return void set(steps);
        const beta = Math.fround(fields[name === 'accBeta1' ? 'beta1' : 'beta2']!);
        let power = beta;
        // Stops when the power no longer changes, because the file may have any number of steps.
        for (let i = 0, next = Math.fround(power * beta); i < steps && next !== power; i++) {
          power = next;
          next = Math.fround(power * beta);
        }
        set(power);
      },
    }));
  }

  exactNumber(key: string, state: NumberState, iterations: string | undefined): RestorePart {
    const apply = ([value]: readonly TensorValue[]): void => {
      if (this.#isExact) state.set(Number(value!.data[0]));
    };
    return { keys: [key], names: [this.#state.iterations.name, ...keyFilterNames(iterations)], apply };
  }

  slot({ kind, key, place, variable, exact }: StoredSlotValue, names: Pick<RestorePart, 'names' | 'of'>): RestorePart {
    const apply = ([keras, own]: readonly TensorValue[]): void => {
      const value = this.#isExact && own ? own : fromKeras(this.#state, kind, keras!, this.#storedRate);
      const owner = 'candidates' in variable ? variable : variable.name;
      if (typeof owner === 'string' && assignSlot(this.#state, owner, kind, value)) return;
      if (typeof owner !== 'string' && !this.#begun.has(kind.list)) {
        this.#begun.add(kind.list);
        forgetUndecided(this.#stepping, kind.list);
      }
      addWaitingSlot(this.#stepping, this.#state, owner, { list: kind.list, place, value: keptValue(value) });
    };
    // A slot that does not exist yet keeps the values until it does.
    const exists = !('candidates' in variable) && typeof this.#state.slot(variable.name, kind) === 'object';
    const keys = exact === undefined ? [key] : [key, exact];
    return {
      keys,
      ...names,
      get copies() {
        return exists && copiesValues();
      },
      apply,
    };
  }

  scaling(form: ScalingForm, keys: readonly [scale: string, counter: string], names: readonly string[]): RestorePart {
    const apply = ([scale, counter]: readonly TensorValue[]): void =>
      restoreLossScaling(this.#optimizer, form, Number(scale!.data[0]), Number(counter!.data[0]));
    return { keys, names, apply };
  }

  withoutScaling(): RestorePart {
    return { keys: [], isForWhole: true, apply: () => forgetLossScaling(this.#optimizer) };
  }

  /** A value that is always the same, so that nothing is restored from it. */
  idle(key: string): RestorePart {
    return { keys: [key], apply: () => undefined };
  }
}

function keyFilterNames(key: string | undefined): readonly string[] {
  return key === undefined ? [] : [key, pathOfKey(key)];
}

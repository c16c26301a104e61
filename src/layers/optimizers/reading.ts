/**
 * An optimizer out of a checkpoint, whoever wrote it: tf_keras's new optimizers and Keras 3 (`_variables`, `_momentums`), legacy
 * ones (`iter` and slot variables), and this package, whose exact values count as long as nobody has trained on since.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../format/dtypes.js';
import { attributeKey } from '../../graph/key.js';
import { compare, type Mismatch } from '../../graph/mismatch.js';
import type { Found, RestorePart, RestorePlan, Restorer, StoredObject } from '../../graph/restorer.js';
import { variableOf as storedVariableOf } from '../../graph/stored-graph.js';
import { VARIABLE_VALUE } from '../../graph/trackable.js';
import { liveValue, variableOf } from '../variable.js';
import { addPending, forgetPending } from './pending.js';
import { assignSlot, fromKeras } from './slots.js';
import type { NumberState, OptimizerState, SlotKind } from './state.js';
import { exactName, type SlotVariable } from './writing.js';

/** A stored slot, and the variable it is for: its name in tfjs, or its place in Keras's order if it is not known yet. */
interface StoredSlotValue {
  readonly kind: SlotKind;
  readonly key: string;
  readonly variable: SlotVariable | number;
  readonly exact: string | undefined;
}

export class OptimizerRestorer implements Restorer {
  readonly #optimizer: Optimizer;
  readonly #state: OptimizerState;
  readonly #variables: readonly SlotVariable[];

  /** `variables`: all that the optimizer may have slots for, in Keras's order. */
  constructor(optimizer: Optimizer, state: OptimizerState, variables: readonly SlotVariable[]) {
    this.#optimizer = optimizer;
    this.#state = state;
    this.#variables = variables;
  }

  plan(stored: StoredObject, found: Found): RestorePlan {
    const child = (name: string): string | undefined => {
      const edge = stored.graph[stored.node]!.children.find(one => one.name === name);
      const key = edge && storedVariableOf(stored.graph, edge.node)?.key;
      return key !== undefined && found.has(key) ? key : undefined;
    };
    const isLegacy = child('iter') !== undefined;
    const restoring = new Restoring(this.#optimizer, this.#state);
    const parts: RestorePart[] = [];
    const missing: string[] = [];
    const mismatched: Mismatch[] = [];
    const numbers = isLegacy
      ? [{ ...this.#state.iterations, name: 'iter' }, ...this.#state.hyper]
      : [
          { ...this.#state.iterations, name: '_iterations' },
          { ...this.#state.learningRate, name: '_learning_rate' },
          ...this.#state.scalars,
        ];
    const rate = isLegacy ? 'learning_rate' : '_learning_rate';
    const keys = new Map(numbers.map(({ name }) => [name, child(name)]));
    // First of all: what is to be believed depends on it, and slots depend on the rate.
    const first = [
      keys.get(isLegacy ? 'iter' : '_iterations'),
      stored.extra('iterations'),
      keys.get(rate),
      stored.extra('learningRate'),
    ];
    parts.push(restoring.decide(first));
    for (const state of numbers) {
      const key = keys.get(state.name);
      if (key === undefined) missing.push(attributeKey(join(stored.path, state.name), VARIABLE_VALUE));
      else parts.push(restoring.number(key, state));
    }
    parts.push(restoring.exactRate(), ...restoring.betas());
    for (const state of this.#state.exact) {
      const key = stored.extra(state.name);
      if (key !== undefined) parts.push(restoring.exactNumber(key, state));
    }
    const slots = isLegacy ? this.#legacySlots(stored, found) : this.#listedSlots(stored, found);
    for (const slot of slots) {
      const mismatch = typeof slot.variable === 'number' ? null : misfit(slot.key, slot.variable, found);
      if (mismatch) mismatched.push(mismatch);
      else parts.push(restoring.slot(slot));
    }
    missing.push(...this.#missingSlots(stored, slots));
    return { parts, missing, mismatched };
  }

  /** The lists of slots by their names; which variable is which is said by Keras 3's list of them, by names, or by their order. */
  #listedSlots({ graph, node, extra }: StoredObject, found: Found): StoredSlotValue[] {
    const listAt = (name: string): readonly number[] => {
      const edge = graph[node]!.children.find(one => one.name === name);
      const items = edge ? graph[edge.node]!.children : [];
      return [...items].sort((a, b) => Number(a.name) - Number(b.name)).map(item => item.node);
    };
    const trained = listAt('_trainable_variables');
    const byFullName = this.#byFullName();
    return this.#state.groups.flat().flatMap(kind =>
      listAt(kind.list).flatMap((slot, i) => {
        const value = storedVariableOf(graph, slot);
        if (value === undefined || !found.has(value.key)) return [];
        const { key, fullName } = value;
        const named = byFullName.get(fullName.split('/').slice(2).join('/'));
        const said = trained[i] === undefined ? undefined : this.#variableAt(found.liveOf(trained[i]!));
        const variable = said ?? named ?? this.#variables[i] ?? i;
        return [{ kind, key, variable, exact: extra(exactName(kind, i)) }];
      }),
    );
  }

  #legacySlots({ graph, node, extra }: StoredObject, found: Found): StoredSlotValue[] {
    const kinds = this.#state.groups.flat();
    const counts = new Map<SlotKind, number>();
    return graph[node]!.slots.flatMap(slot => {
      const kind = kinds.find(({ legacy }) => legacy === slot.name);
      const key = storedVariableOf(graph, slot.node)?.key;
      if (kind === undefined || key === undefined || !found.has(key)) return [];
      const index = counts.get(kind) ?? 0;
      counts.set(kind, index + 1);
      const variable = this.#variableAt(found.liveOf(slot.variable)) ?? index;
      return [{ kind, key, variable, exact: extra(exactName(kind, index)) }];
    });
  }

  /** What has a name of its own; `Variable` may be any of several. */
  #byFullName(): ReadonlyMap<string, SlotVariable> {
    const counts = new Map<string, number>();
    for (const { fullName } of this.#variables) counts.set(fullName, (counts.get(fullName) ?? 0) + 1);
    return new Map(
      this.#variables.flatMap(variable => (counts.get(variable.fullName) === 1 ? [[variable.fullName, variable]] : [])),
    );
  }

  #variableAt(live: ReturnType<Found['liveOf']>): SlotVariable | undefined {
    const [attribute] = live?.attributes ?? [];
    const variable = attribute && variableOf(attribute);
    if (variable === undefined) return undefined;
    const { name } = liveValue(variable, attribute!.label);
    const { fullName, shape } = attribute!;
    return { name, fullName, shape, node: live };
  }

  /** Slots that exist and that the checkpoint has nothing for, where Keras would have them. */
  #missingSlots({ path }: StoredObject, slots: readonly StoredSlotValue[]): string[] {
    const restored = new Set(
      slots.map(({ kind, variable }) => `${kind.list} ${typeof variable === 'number' ? variable : variable.name}`),
    );
    const kinds = this.#state.groups.flat();
    return this.#state
      .variableNames()
      .flatMap((name, i) =>
        kinds
          .filter(kind => !restored.has(`${kind.list} ${name}`))
          .map(({ list }) => attributeKey(join(path, `${list}/${i}`), VARIABLE_VALUE)),
      );
  }
}

/** One restore of one optimizer: what was read first decides what is believed afterwards. */
class Restoring {
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
        forgetPending(this.#optimizer);
        if (known.length < 4) return;
        const [steps, ownSteps, current, own] = values.map(({ data }) => Number(data[0]));
        this.#isExact = steps === ownSteps && Math.fround(own!) === current;
        this.#rate = own;
      },
    };
  }

  number(key: string, state: NumberState): RestorePart {
    return { keys: [key], apply: ([value]) => state.set(Number(value!.data[0])) };
  }

  /** Keras has the rate as float32. */
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
        for (let i = 0; i < steps && power > 0; i++) power = Math.fround(power * beta);
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

  slot({ kind, key, variable, exact }: StoredSlotValue): RestorePart {
    const apply = ([keras, own]: readonly TensorValue[]): void => {
      const value = this.#isExact && own ? own : fromKeras(this.#state, kind, keras!);
      if (typeof variable !== 'number' && assignSlot(this.#state, variable.name, kind, value)) return;
      addPending(this.#optimizer, this.#state, typeof variable === 'number' ? variable : variable.name, kind, value);
    };
    return { keys: exact === undefined ? [key] : [key, exact], apply };
  }
}

function misfit(key: string, { shape }: SlotVariable, { entry }: Found): Mismatch | null {
  return compare(key, { dtype: 'float32', shape }, entry(key));
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/**
 * An optimizer out of a checkpoint, whoever wrote it: tf_keras's new optimizers and Keras 3 (`_variables`, `_momentums`), legacy
 * ones (`iter` and slot variables), and this package, whose exact values count as long as nobody has trained on since.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { attributeKey } from '../../graph/key.js';
import { compare, type Mismatch } from '../../graph/mismatch.js';
import type { Found, RestorePlan, Restorer, StoredObject } from '../../graph/restorer.js';
import { variableOf as storedVariableOf } from '../../graph/stored-graph.js';
import { VARIABLE_VALUE } from '../../graph/trackable.js';
import { Restoring } from './restoring.js';
import type { NumberState, OptimizerState } from './state.js';
import { type LiveVariables, misfit, StoredSlots, type StoredSlotValue } from './stored-slots.js';

/** What a number may be stored as. */
const NUMBERS = ['int64', 'int32', 'float32', 'float64'] as const;

interface StoredNumber {
  readonly state: NumberState;
  /** Undefined if the checkpoint lacks it, or has something else there. */
  readonly key: string | undefined;
}

export class OptimizerRestorer implements Restorer {
  readonly #optimizer: Optimizer;
  readonly #state: OptimizerState;
  readonly #variables: LiveVariables;

  constructor(optimizer: Optimizer, state: OptimizerState, variables: LiveVariables) {
    this.#optimizer = optimizer;
    this.#state = state;
    this.#variables = variables;
  }

  plan(stored: StoredObject, found: Found): RestorePlan {
    const state = this.#state;
    const missing: string[] = [];
    const mismatched: Mismatch[] = [];
    const number = (numberState: NumberState, names: readonly string[], isOptional = false): StoredNumber => {
      const key = childKey(stored, found, names);
      const mismatch = key === undefined ? null : notNumber(key, found);
      if (mismatch) mismatched.push(mismatch);
      if (key === undefined && !isOptional) missing.push(keyAt(stored.path, names[0]!));
      return { state: numberState, key: mismatch ? undefined : key };
    };
    const isLegacy = childKey(stored, found, ['iter']) !== undefined;
    const iterations = number(state.iterations, [isLegacy ? 'iter' : '_iterations']);
    // A schedule is no number; tf_keras's new optimizers keep what it came to at the last step.
    const rate = number(
      state.learningRate,
      isLegacy ? ['learning_rate'] : ['_learning_rate', '_current_learning_rate'],
    );
    const { existing } = this.#variables;
    const others = isLegacy
      ? state.hyper.filter(one => one !== state.learningRate).map(one => number(one, [one.name]))
      : state.scalars.map(one => number(one, [one.name], existing.length === 0));
    const restoring = new Restoring(this.#optimizer, state);
    const own = (name: string): string | undefined => {
      const key = stored.extra(name);
      return key === undefined || notNumber(key, found) ? undefined : key;
    };
    const slots = new StoredSlots(stored, found, this.#variables);
    const kinds = state.groups.flat();
    const all = isLegacy ? slots.legacy(kinds) : slots.listed(kinds);
    const misfits = all.map(slot => misfit(slot, found));
    mismatched.push(...misfits.flatMap(one => one ?? []));
    missing.push(...this.#missingSlots(stored, all, existing));
    const fitting = all.filter((_, i) => misfits[i] === null);
    const parts = [
      // First of all: what is to be believed depends on it, and slots depend on the rate.
      restoring.decide([iterations.key, own('iterations'), rate.key, own('learningRate')]),
      ...[iterations, rate, ...others].flatMap(one =>
        one.key === undefined ? [] : [restoring.number(one.key, one.state)],
      ),
      restoring.exactRate(),
      ...restoring.betas(),
      ...state.exact.flatMap(one => {
        const key = own(one.name);
        return key === undefined ? [] : [restoring.exactNumber(key, one)];
      }),
      ...fitting.map(slot => restoring.slot(slot)),
    ];
    return { parts, missing, mismatched };
  }

  /** Slots that exist and that the checkpoint has nothing for, where Keras would have them. */
  #missingSlots({ path }: StoredObject, slots: readonly StoredSlotValue[], existing: readonly string[]): string[] {
    const restored = new Set(
      slots.flatMap(({ kind, variable }) =>
        ('candidates' in variable ? (variable.candidates ?? []) : [variable]).map(({ name }) => `${kind.list} ${name}`),
      ),
    );
    return existing.flatMap((name, i) =>
      this.#state.groups
        .flat()
        .filter(kind => !restored.has(`${kind.list} ${name}`))
        .map(({ list }) => keyAt(path, `${list}/${i}`)),
    );
  }
}

/** The value of the first of these children that there is. */
function childKey({ graph, node }: StoredObject, found: Found, names: readonly string[]): string | undefined {
  const keys = names.map(name => {
    const edge = graph[node]!.children.find(one => one.name === name);
    return edge && storedVariableOf(graph, edge.node)?.key;
  });
  return keys.find(key => key !== undefined && found.has(key));
}

function notNumber(key: string, { entry }: Found): Mismatch | null {
  const stored = entry(key);
  const dtype = NUMBERS.find(one => one === stored.dtype) ?? 'float32';
  return compare(key, { dtype, shape: [] }, stored);
}

function keyAt(path: string, name: string): string {
  return attributeKey(path === '' ? name : `${path}/${name}`, VARIABLE_VALUE);
}

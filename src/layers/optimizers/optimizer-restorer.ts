/**
 * Restores an optimizer from checkpoints of tf_keras's new optimizers and Keras 3 (`_variables`, `_momentums`), of
 * legacy optimizers (`iter` and slot variables), and of this package, whose exact values count only if nobody has
 * trained on since.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { VARIABLE_VALUE } from '../../graph/attribute.js';
import { attributeKey } from '../../graph/key.js';
import { compare, type Mismatch } from '../../graph/mismatch.js';
import type { StoredSubgraph } from '../../graph/stored-graph.js';
import type { MatchedCheckpoint, NamedValue, RestorePart, RestorePlan, Restorer } from '../../graph/trackable.js';
import { isLossScaling } from './loss-scaling.js';
import { OptimizerRestoreParts } from './optimizer-restore-parts.js';
import type { NumberState, OptimizerState, SlotKind } from './optimizer-state.js';
import { storedOwnVariables } from './own-variables.js';
import { isSameKind } from './stored-kind.js';
import { childKey, type StoredOptimizer, storedOptimizer } from './stored-optimizer.js';
import { type LiveVariables, StoredSlots, type StoredSlotValue, slotMismatch } from './stored-slots.js';
import type { SlotVariable } from './written-optimizer.js';

/** The types that a number may be stored as. */
const NUMBERS = ['int64', 'int32', 'float32', 'float64'] as const;

interface StoredNumber {
  readonly state: NumberState;
  /** Undefined if the checkpoint lacks it or has something else there. */
  readonly key: string | undefined;
}

export class OptimizerRestorer implements Restorer {
  readonly #optimizer: Optimizer;
  readonly #state: OptimizerState;
  readonly #variables: LiveVariables;

  /** `state` is the state of the optimizer that makes the steps. */
  constructor(optimizer: Optimizer, state: OptimizerState, variables: LiveVariables) {
    this.#optimizer = optimizer;
    this.#state = state;
    this.#variables = variables;
  }

  plan(outer: StoredSubgraph, found: MatchedCheckpoint): RestorePlan {
    const state = this.#state;
    const one = storedOptimizer(outer, found);
    const { stepping: stored, isLegacy, refusal } = one;
    if (refusal !== undefined) return { parts: [], missing: [], mismatched: [], refusal };
    const missing: NamedValue[] = [];
    const mismatched: (Mismatch & NamedValue)[] = [];
    const number = (numberState: NumberState, names: readonly string[], isOptional = false): StoredNumber => {
      const key = childKey(stored, found, names);
      const mismatch = key === undefined ? null : notNumber(key, found);
      if (mismatch) mismatched.push({ ...mismatch, names: [numberState.name] });
      if (key === undefined && !isOptional) {
        missing.push({ key: keyAt(stored.path, names[0]!), names: [numberState.name] });
      }
      return { state: numberState, key: mismatch ? undefined : key };
    };
    const iterations = number(state.iterations, [isLegacy ? 'iter' : '_iterations']);
    // A schedule is not stored as a number; tf_keras's new optimizers store its value at the last step.
    const rate = number(
      state.learningRate,
      isLegacy ? ['learning_rate'] : ['_learning_rate', '_current_learning_rate'],
    );
    const { existing } = this.#variables;
    const isSame = isSameKind(one.kind, state.kerasName);
    const isShared = ({ name }: NumberState): boolean => isSame || name === 'decay';
    // In tf_keras's legacy Nadam it is the decay of the momentum, which this package does not have.
    const isOfMomentum = isLegacy && one.kind === 'Nadam';
    const meant = (number: NumberState): NumberState =>
      isOfMomentum && number.name === 'decay' ? { ...number, set: () => undefined } : number;
    const restoreParts = new OptimizerRestoreParts(this.#optimizer, state);
    const own = (name: string): string | undefined => {
      const key = stored.extra(name);
      return key === undefined || notNumber(key, found) ? undefined : key;
    };
    const slots = new StoredSlots(stored, found, this.#variables);
    // Values of another class mean something else, even under the same names.
    const kinds = isSame ? state.groups.flat() : [];
    const all = isLegacy ? slots.bySlotNames(kinds) : slots.byLists(kinds);
    // Before the first step there are neither slots nor such numbers. Even with slots, tf_keras leaves Nadam's product
    // out of some files.
    const isBeforeSteps = existing.length === 0 && all.length === 0;
    const others = isLegacy
      ? state.hyper
          .filter(one => one !== state.learningRate && isShared(one))
          .map(one => number(meant(one), [one.name]))
      : state.scalars.filter(isShared).map(one => number(one, [one.name], isBeforeSteps));
    const misfits = all.map(slot => slotMismatch(slot, found));
    mismatched.push(...misfits.flatMap((one, i) => (one ? [{ ...one, ...slotFilterNames(all[i]!) }] : [])));
    missing.push(...this.#missingSlots(stored, all, existing));
    const fitting = all.filter((_, i) => misfits[i] === null);
    const scaling = this.#scaling(one, outer.path, found, restoreParts);
    missing.push(...scaling.missing);
    mismatched.push(...scaling.mismatched);
    const parts: RestorePart[] = [
      restoreParts.forget(),
      // First of the values, because it decides which of the others count, and slots depend on the rate.
      restoreParts.decide([iterations.key, own('iterations'), rate.key, own('learningRate')]),
      ...[iterations, rate, ...others].flatMap(one =>
        one.key === undefined ? [] : [restoreParts.number(one.key, one.state)],
      ),
      restoreParts.exactRate(rate.key),
      ...restoreParts.betas(iterations.key),
      ...state.exact.flatMap(one => {
        const key = own(one.name);
        return key === undefined ? [] : [restoreParts.exactNumber(key, one, iterations.key)];
      }),
      ...this.#beside(restoreParts, isLegacy && !isOfMomentum, own),
      ...fitting.map(slot => restoreParts.slot(slot, slotFilterNames(slot))),
      ...scaling.parts,
      // For functions in TensorFlow. The same values are beside the graph.
      ...storedOwnVariables(stored).map(key => restoreParts.idle(key)),
    ];
    return { parts, missing, mismatched };
  }

  /** Values that this package wrote beside the graph, where Keras's optimizer has no place for them. */
  #beside(
    restoring: OptimizerRestoreParts,
    hasPlace: boolean,
    own: (name: string) => string | undefined,
  ): readonly RestorePart[] {
    const key = own('decay');
    const decay = this.#state.hyper.find(({ name }) => name === 'decay');
    return hasPlace || key === undefined || decay === undefined ? [] : [restoring.number(key, decay)];
  }

  #scaling(
    { scaling }: StoredOptimizer,
    path: string,
    found: MatchedCheckpoint,
    restoring: OptimizerRestoreParts,
  ): RestorePlan {
    const expected = ['dynamic_scale', 'step_counter'];
    const { scale, counter, idle = [] } = scaling ?? {};
    if (scaling === undefined || scale === undefined || counter === undefined) {
      const isWrapped = isLossScaling(this.#optimizer);
      return {
        parts: [restoring.withoutScaling(), ...idle.map(key => restoring.idle(key))],
        missing: isWrapped ? expected.map(name => ({ key: keyAt(path, name), names: [name] })) : [],
        mismatched: [],
      };
    }
    const mismatched = [scale, counter].flatMap((key, i) => {
      const mismatch = notNumber(key, found);
      return mismatch ? [{ ...mismatch, names: [expected[i]!] }] : [];
    });
    const parts = mismatched.length > 0 ? [] : [restoring.scaling(scaling.form, [scale, counter], expected)];
    return { parts: [...parts, ...idle.map(key => restoring.idle(key))], missing: [], mismatched };
  }

  /** Existing slots that the checkpoint lacks, with the keys that they would have in Keras. */
  #missingSlots(
    { path }: StoredSubgraph,
    slots: readonly StoredSlotValue[],
    existing: readonly string[],
  ): NamedValue[] {
    const restored = new Set(
      slots.flatMap(({ kind, variable }) =>
        ('candidates' in variable ? (variable.candidates ?? []) : [variable]).map(({ name }) => `${kind.list} ${name}`),
      ),
    );
    return existing.flatMap((name, i) => {
      const variable = this.#variables.all.find(one => one.name === name);
      return this.#state.groups
        .flat()
        .filter(kind => !restored.has(`${kind.list} ${name}`) && !isIdle(kind, this.#state))
        .map(({ list }) => ({ key: keyAt(path, `${list}/${i}`), ...(variable ? namesOfVariable(variable) : {}) }));
    });
  }
}

type FilterNames = Pick<NamedValue, 'names' | 'of'>;

/**
 * Filters select a slot by its variable. If the slot may belong to one of several variables, only Keras's name is
 * known.
 */
function slotFilterNames({ variable }: StoredSlotValue): FilterNames {
  return 'candidates' in variable ? { names: [variable.name] } : namesOfVariable(variable);
}

function namesOfVariable({ name, fullName, node }: SlotVariable): FilterNames {
  return { names: [name, fullName], ...(node && { of: node }) };
}

/**
 * Whether a missing slot does not matter: without momentum, Keras 3's SGD keeps no slots, and the slots of others are
 * multiplied by 0.
 */
function isIdle({ list }: SlotKind, { hyper }: OptimizerState): boolean {
  return list === 'momentums' && !hyper.some(({ name, get }) => name === 'momentum' && get() > 0);
}

function notNumber(key: string, { entry }: MatchedCheckpoint): Mismatch | null {
  const stored = entry(key);
  const dtype = NUMBERS.find(one => one === stored.dtype) ?? 'float32';
  return compare(key, { dtype, shape: [] }, stored);
}

function keyAt(path: string, name: string): string {
  return attributeKey(path === '' ? name : `${path}/${name}`, VARIABLE_VALUE);
}

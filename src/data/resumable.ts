/**
 * Objects that can be saved while they run and go on from there, as objects of a checkpoint. Their state lies beside
 * the object graph.
 */

import { TextEncoder } from 'node:util';
import { TensorBundleError } from '../errors.js';
import type { TensorValue } from '../format/dtypes.js';
import { captureOf } from '../graph/attribute.js';
import { extraKey, STATE } from '../graph/key.js';
import { ITERATOR } from '../graph/mismatch.js';
import type { StoredSubgraph } from '../graph/stored-graph.js';
import { branch, type Extra, type RestorePlan, type Trackable } from '../graph/trackable.js';
import { disposeElement } from './iteration/element.js';
import { decodeState, encodeState, parseState } from './state-codec.js';

/** The state of a resumable object. The symbol is known to every copy of this package. */
export const RESUMABLE: unique symbol = Symbol.for('tensorbundle.resumable') as never;

/**
 * An object that a checkpoint can save and restore in a form that only this package knows: iterators of datasets,
 * callbacks.
 */
export interface Resumable {
  readonly [RESUMABLE]: {
    /** Returns plain data and tensors. The object keeps its tensors. */
    capture(): unknown;
    /** Throws ERR_MISMATCH or ERR_CORRUPT for a state that it cannot go on from. Tensors are left out of `state`. */
    check(state: unknown): void;
    /** Takes over a state that was checked. The object owns its tensors from now on. */
    adopt(state: unknown): void;
  };
}

export function isResumable(value: object): value is Resumable {
  return RESUMABLE in value;
}

/** `label` is the object's name in messages. */
export function resumableTrackable(object: Resumable, label: string): Trackable {
  return {
    ...branch([]),
    label,
    // A getter, so that only a save captures the state: a restore describes the object, too, but does not use its
    // present state.
    get extras() {
      return extrasOf(object);
    },
    restorer: { plan: stored => planOf(object, stored), missingAt: path => [extraKey(path, STATE)] },
  } as Trackable;
}

function extrasOf(object: Resumable): Extra[] {
  const { text, tensors } = encodeState(object[RESUMABLE].capture());
  const data = [new TextEncoder().encode(text)];
  return [
    { name: STATE, dtype: 'string', shape: [], capture: () => captureOf(() => data) },
    ...tensors.map(({ dtype, shape, capture }, i) => ({ name: `${STATE}-${i}`, dtype, shape, capture })),
  ];
}

function planOf(object: Resumable, stored: StoredSubgraph): RestorePlan {
  const first = stored.extra(STATE);
  if (first === undefined) return { parts: [], missing: [{ key: extraKey(stored.path, STATE) }], mismatched: [] };
  const keys = [first];
  for (let key = stored.extra(`${STATE}-0`); key !== undefined; key = stored.extra(`${STATE}-${keys.length - 1}`))
    keys.push(key);
  let isRefused = false;
  return {
    parts: [
      {
        keys,
        apply: ([text, ...values]) => {
          if (isRefused) return;
          const state = decodeState(stateIn(text!), values);
          try {
            object[RESUMABLE].adopt(state);
          } catch (error) {
            disposeElement(state);
            throw error;
          }
        },
      },
    ],
    missing: [],
    mismatched: [],
    early: {
      key: first,
      check: value => {
        try {
          object[RESUMABLE].check(stateIn(value));
          return [];
        } catch (error) {
          if (!(error instanceof TensorBundleError) || error.code !== 'ERR_MISMATCH') throw error;
          isRefused = true;
          return [{ key: first, expected: `${ITERATOR} ${error.expected}`, found: `${ITERATOR} ${error.found}` }];
        }
      },
    },
  };
}

function stateIn({ dtype, shape, data }: TensorValue): unknown {
  if (dtype === 'string' && shape.length === 0) return parseState((data as readonly Uint8Array[])[0]!);
  throw new TensorBundleError(
    'ERR_CORRUPT',
    'the state of an iterator in the checkpoint is not a text; the checkpoint is damaged',
    {
      expected: 'string []',
      found: `${dtype} [${shape}]`,
    },
  );
}

/** The types of what a checkpoint can hold. They are public. */
import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { Resumable } from '../../data/resumable.js';
import type { TrackedValue } from '../../graph/tracked-value.js';
import type { Layer, LayerVariable } from '../../layers/types.js';

/** A class that says what it tracks, under which names. Called at each save and restore. */
export interface TracksChildren {
  trackedChildren(): Trackables;
}

/** State that is saved as text, as `tf.train.experimental.PythonState`. Python sees it in the same way. */
export interface SerializableState {
  serialize(): string;
  deserialize(state: string): void;
}

/** What a checkpoint can hold. */
export type TrackableValue =
  | Layer
  | Optimizer
  | Variable
  | LayerVariable
  | TrackedValue
  | TracksChildren
  | Resumable
  | SerializableState
  | readonly TrackableValue[]
  | ReadonlyMap<string, TrackableValue>
  | Trackables;

/** Trackables by their names. */
export interface Trackables {
  readonly [name: string]: TrackableValue;
}

/** What a checkpoint can hold, without collections. */
type Thing = Layer | Optimizer | Variable | LayerVariable | TrackedValue | Resumable | SerializableState;

/**
 * T, if a checkpoint can hold it; otherwise the type that it would have to have. It differs from `TrackableValue` for
 * types that are declared as an `interface`: they have no index signature and are therefore not `Trackables` for
 * TypeScript, although the objects are.
 */
export type Tracked<T> = T extends Thing
  ? T
  : T extends { trackedChildren(): infer Children }
    ? Children extends TrackedIn<Children>
      ? T
      : TracksChildren
    : T extends readonly (infer Item)[]
      ? readonly Tracked<Item>[]
      : T extends ReadonlyMap<string, infer Item>
        ? ReadonlyMap<string, Tracked<Item>>
        : T extends Primitive | ((...args: never[]) => unknown) | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
          ? TrackableValue
          : TrackedIn<T>;

/** Each value of an object by `Tracked`. */
export type TrackedIn<T> = { readonly [Name in keyof T]: Tracked<T[Name]> };

type Primitive = string | number | bigint | boolean | symbol | null | undefined;

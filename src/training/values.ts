/** The types of what a checkpoint can hold, for users. */
import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { Resumable } from '../data/resumable.js';
import type { TrackedValue } from '../graph/tracked-value.js';
import type { Layer, LayerVariable } from '../layers/types.js';

/** A class that says what it tracks, under which names. Called at each save and restore. */
export interface TracksChildren {
  trackedChildren(): Trackables;
}

/** State that is saved as text, as `tf.train.experimental.PythonState`; Python sees it in the same way. */
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

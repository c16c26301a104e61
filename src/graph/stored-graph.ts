/** Types of a decoded object graph of a checkpoint. What decodes and walks it is in `stored/`. */
import type { StoredDType } from '../format/dtypes.js';

/** Type, shape and size of a stored value. */
export interface StoredEntry {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface StoredEdge {
  readonly name: string;
  readonly node: number;
}

export interface StoredAttribute {
  readonly name: string;
  readonly fullName: string;
  readonly key: string;
}

interface StoredSlot {
  /** Node of the variable that the slot belongs to. */
  readonly variable: number;
  readonly name: string;
  readonly node: number;
}

interface StoredNode {
  readonly children: readonly StoredEdge[];
  readonly attributes: readonly StoredAttribute[];
  readonly slots: readonly StoredSlot[];
}

/** Nodes by number; at least the root. */
export type StoredGraph = readonly StoredNode[];

/** What a checkpoint holds for one object. */
export interface StoredSubgraph {
  readonly graph: StoredGraph;
  readonly node: number;
  /** Edge names from the root to the object, escaped as in keys. */
  readonly path: string;
  /** Key of an `Extra` of this object; undefined if the checkpoint has none of this name. */
  extra(name: string): string | undefined;
}

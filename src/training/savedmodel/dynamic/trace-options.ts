/** What a trace is asked for, and what it gives. */
import type { Graph } from '../graphs/graph.js';
import type { ConstantCache } from '../traced/constant.js';
import type { RecordOptions } from '../traced/recorder.js';
import type { OutputStructure } from '../traced/recording.js';

export interface Trace {
  readonly graph: Graph;
  readonly structure: OutputStructure;
}

export interface TraceOptions {
  /** Whether the first axis, where it is null, is one dimension of all inputs; default false. */
  readonly sameBatch?: boolean;
  /** Whether all is done by layers of TensorFlow.js, which do the same for every batch; default false. */
  readonly hasKnownLayers?: boolean;
  /** Random numbers made with one of these seeds are random in the graph; default none. */
  readonly seeds?: Iterable<number>;
  /** Give the same one for several functions, so that tensors from outside are read once; default a new one. */
  readonly constants?: ConstantCache;
}

/** Tensors that were there before are kept once for all recordings. */
export function recordOptionsOf({ seeds, constants = new WeakMap() }: TraceOptions): RecordOptions {
  return { constants, ...(seeds === undefined ? {} : { seeds }) };
}

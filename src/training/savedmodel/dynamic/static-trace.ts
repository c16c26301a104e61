/** A function whose inputs have fixed sizes. */
import { TensorBundleError } from '../../../errors.js';
import type { Values } from '../traced/recorded-input.js';
import { record, type Traceable } from '../traced/recorder.js';
import type { Recording } from '../traced/recording.js';
import { differenceOf } from './alignment.js';
import { generalize } from './generalize.js';
import { withOtherValues } from './other-values.js';
import { inputsAt, type SignatureInput } from './places.js';
import { notRepeatable, placeOf } from './problems.js';
import { pruned } from './pruned.js';
import { recordOptionsOf, type Trace, type TraceOptions } from './trace-options.js';

/** The function may keep things from its first run for later ones, so the second and the third count as well. */
export function traceStatic(fn: Traceable, signature: readonly SignatureInput[], options: TraceOptions): Trace {
  const { hasKnownLayers = false } = options;
  const recordOptions = recordOptionsOf(options);
  const inputs = inputsAt(signature, [], []);
  const run = (values: Values = 'plain'): Recording => {
    const recording = record(fn, inputs, { ...recordOptions, values });
    return { ...recording, graph: pruned(recording.graph) };
  };
  const known = hasKnownLayers || inputs.length === 0;
  const [first, second] = [run(), run()];
  const whole = (base: Recording): Trace => (known ? base : atOtherValues(base, run));
  if (differenceOf(first.graph, second.graph, 'everything') === null) return whole(first);
  const third = run();
  const difference = differenceOf(second.graph, third.graph, 'everything');
  if (difference === null) return whole(second);
  throw notRepeatable(difference.text, placeOf(difference.node?.place));
}

/** The graph, whose shapes are null where they depend on values. */
function atOtherValues(first: Recording, run: (values: Values) => Recording): Trace {
  const others = withOtherValues(first, values => orNull(() => run(values)));
  if (others.length === 0) return first;
  return { ...first, graph: generalize([first, ...others].map(({ graph }) => ({ sizes: [], graph }))) };
}

/** Null for an error of the program. */
function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof TensorBundleError) throw error;
    return null;
  }
}

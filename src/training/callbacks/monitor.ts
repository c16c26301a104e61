/** Whether a metric has become better (tf_keras/src/callbacks.py, ModelCheckpoint). */
import { argumentMustBe } from '../../errors.js';

export type MonitorMode = 'auto' | 'min' | 'max';

export class Monitor {
  readonly metric: string;
  readonly mode: 'min' | 'max';

  /**
   * 'auto': greater is better for a metric with "acc" in its name, or that begins with "fmeasure". Throws
   * ERR_INVALID_ARGUMENT.
   */
  constructor(metric: string, mode: MonitorMode) {
    if (typeof metric !== 'string') throw argumentMustBe('monitor', 'the name of a metric', metric);
    if (!['auto', 'min', 'max'].includes(mode)) throw argumentMustBe('mode', "'auto', 'min' or 'max'", mode);
    this.metric = metric;
    this.mode = mode !== 'auto' ? mode : metric.includes('acc') || metric.startsWith('fmeasure') ? 'max' : 'min';
  }

  /** `best` is null if there is none yet. NaN is never better, and neither is the worst there can be. */
  isBetter(value: number, best: number | null): boolean {
    if (this.mode === 'max') return value > (best ?? -Infinity);
    return value < (best ?? Infinity);
  }
}

/** Long names of losses and metrics, and the short ones that Keras and TensorFlow.js have for them. */
const SHORT: readonly (readonly [long: string, short: string])[] = [
  ['accuracy', 'acc'],
  ['meansquarederror', 'mse'],
  ['meanabsoluteerror', 'mae'],
  ['meanabsolutepercentageerror', 'mape'],
  ['cosineproximity', 'cosine'],
];

/**
 * What may be meant by the name of a metric that is not there, as the end of a message; '' if nothing is like it.
 * TensorFlow.js calls `acc` what Keras calls `accuracy`, and has other spellings of the rest.
 */
export function hintFor(metric: string, available: readonly string[]): string {
  const twin = available.find(name => plainName(name) === plainName(metric));
  if (twin !== undefined) return `; did you mean ${twin}? TensorFlow.js calls it so`;
  const withoutData = metric.startsWith('val_') && !available.some(name => name.startsWith('val_'));
  const same = withoutData && available.find(name => plainName(name) === plainName(metric.slice('val_'.length)));
  return same ? `; without validation data there is ${same} only (validationData or validationSplit of fit)` : '';
}

function plainName(metric: string): string {
  const letters = metric.toLowerCase().replaceAll('_', '');
  return SHORT.reduce((name, [long, short]) => name.replace(new RegExp(`${long}$`), short), letters);
}

/** What TensorFlow.js hands to callbacks, as numbers; some are scalars, which stay the caller's. */
export async function numbersIn(logs: object | undefined): Promise<Record<string, number>> {
  const entries = Object.entries((logs ?? {}) as Record<string, number | { data(): Promise<ArrayLike<number>> }>);
  const read = entries.map(async ([name, value]) => [
    name,
    typeof value === 'number' ? value : (await value.data())[0]!,
  ]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, number>;
}

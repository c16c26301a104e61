/** Decides whether a metric has improved (tf_keras/src/callbacks.py, ModelCheckpoint). */
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

  /** `best` is null if there is none yet. NaN is never better; nor is Infinity for 'min', or -Infinity for 'max'. */
  isBetter(value: number, best: number | null): boolean {
    if (this.mode === 'max') return value > (best ?? -Infinity);
    return value < (best ?? Infinity);
  }
}

/** Long names of losses and metrics, with the short names that Keras and TensorFlow.js give them. */
const SHORT: readonly (readonly [long: string, short: string])[] = [
  ['accuracy', 'acc'],
  ['meansquarederror', 'mse'],
  ['meanabsoluteerror', 'mae'],
  ['meanabsolutepercentageerror', 'mape'],
  ['cosineproximity', 'cosine'],
];

/**
 * The end of a message about a metric that does not exist: suggests another name, or is '' if no name is similar.
 * TensorFlow.js calls `acc` what Keras calls `accuracy`, and spells other names differently.
 */
export function hintFor(metric: string, available: readonly string[]): string {
  const twin = available.find(name => plainName(name) === plainName(metric));
  if (twin !== undefined) return `; did you mean ${twin}? That is its name in TensorFlow.js`;
  const withoutData = metric.startsWith('val_') && !available.some(name => name.startsWith('val_'));
  const same = withoutData && available.find(name => plainName(name) === plainName(metric.slice('val_'.length)));
  return same
    ? `; without validation data there is only ${same} (options of fit: validationData, validationSplit)`
    : '';
}

function plainName(metric: string): string {
  const letters = metric.toLowerCase().replaceAll('_', '');
  return SHORT.reduce((name, [long, short]) => name.replace(new RegExp(`${long}$`), short), letters);
}

/** The logs that TensorFlow.js hands to callbacks, as numbers. Some are scalar tensors; they are not disposed here. */
export async function numbersIn(logs: object | undefined): Promise<Record<string, number>> {
  const entries = Object.entries((logs ?? {}) as Record<string, number | { data(): Promise<ArrayLike<number>> }>);
  const read = entries.map(async ([name, value]) => [
    name,
    typeof value === 'number' ? value : (await value.data())[0]!,
  ]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, number>;
}

/** Pipelines as data: made by chance, run here and by TensorFlow. */
import * as tf from '@tensorflow/tfjs-node';
import { Dataset } from '../../src/tfjs.js';
import type { Choices } from '../layers/random-numbers.js';

export type Step = [name: string, ...args: (number | boolean | Pipeline)[]];

export interface Pipeline {
  range: number;
  steps: Step[];
}

/** Of steps that tf.data has in the same way. */
export function pipeline(random: Choices, depth = 0): Pipeline {
  const steps: Step[] = [];
  for (let i = random.whole(0, 5); i > 0; i--) {
    const name = random.one([
      'map',
      'filter',
      'take',
      'skip',
      'repeat',
      'prefetch',
      'concatenate',
      'zip',
      'interleave',
    ]);
    if (name === 'repeat' && steps.some(([one]) => one === 'repeat')) continue;
    if (name === 'interleave') steps.push([name, random.whole(1, 4), random.whole(1, 3), random.whole(1, 5)]);
    else if (name === 'concatenate' || name === 'zip') {
      if (depth < 2) steps.push([name, pipeline(random, depth + 1)]);
    } else
      steps.push([
        name,
        name === 'map' || name === 'filter' ? random.whole(2, 5) : random.whole(name === 'prefetch' ? 1 : 0, 6),
      ]);
  }
  if (depth === 0 && random.chance(0.3)) steps.push(['batch', random.whole(1, 5), random.chance(0.5)]);
  return { range: random.whole(0, 12), steps };
}

/** Of steps that are random, or take their time, too; elements are sometimes tensors on the way. */
export function lively(random: Choices, depth = 0): Pipeline {
  const { range, steps } = pipeline(random, depth);
  const more = (): Step =>
    random.one<Step>([
      ['shuffle', random.whole(1, 8), random.whole(0, 99), random.chance(0.8)],
      ['noise', random.whole(0, 99)],
      ['later', random.whole(0, 99)],
      ['tensor'],
      ['prefetch', random.whole(1, 4)],
    ]);
  const lively = steps.flatMap(step => (random.chance(0.5) ? [more(), step] : [step]));
  const last = lively.at(-1)?.[0] === 'batch' ? [lively.pop()!] : [];
  return { range: range + random.whole(0, 10), steps: [...lively, more(), more(), ...last] };
}

type Element = number | { x: tf.Tensor };

export function datasetOf({ range, steps }: Pipeline): Dataset<unknown> {
  const value = (element: unknown): number =>
    typeof element === 'number' ? element : (element as { x: tf.Tensor }).x.dataSync()[0]!;
  let dataset = Dataset.fromArray(Array.from({ length: range }, (_, i) => i)) as Dataset<Element>;
  for (const [name, ...args] of steps) {
    const [k, l, m] = args as number[];
    if (name === 'map') dataset = dataset.map(x => value(x) * k! + 1);
    else if (name === 'filter') dataset = dataset.filter(x => value(x) % k! !== 0);
    else if (name === 'take') dataset = dataset.take(k);
    else if (name === 'skip') dataset = dataset.skip(k);
    else if (name === 'repeat') dataset = dataset.repeat(k);
    else if (name === 'prefetch') dataset = dataset.prefetch(k!);
    else if (name === 'concatenate') dataset = dataset.concatenate(datasetOf(args[0] as Pipeline) as Dataset<Element>);
    else if (name === 'zip')
      dataset = Dataset.zip([dataset, datasetOf(args[0] as Pipeline)] as [Dataset<Element>, Dataset<unknown>]).map(
        ([a, b]) => (value(a) % 1000) * 1000 + (value(b) % 1000),
      );
    else if (name === 'interleave')
      dataset = dataset.interleave(
        x => {
          const from = value(x) % 10_000;
          return Dataset.fromArray(Array.from({ length: from % m! }, (_, y) => from * 100 + y)) as Dataset<Element>;
        },
        { cycleLength: k!, blockLength: l! },
      );
    else if (name === 'shuffle') dataset = dataset.shuffle(k!, l, args[2] as boolean);
    else if (name === 'noise')
      dataset = dataset.map((x, noise) => value(x) + noise.uniformInt([], 0, 10).dataSync()[0]! * 10_000, { seed: k });
    else if (name === 'later')
      dataset = dataset.mapAsync(
        async (x, noise) => {
          const number = value(x);
          const draw = noise.uniformInt([1], 0, 3);
          const pause = draw.dataSync()[0]!;
          draw.dispose();
          for (let i = 0; i < pause; i++) await new Promise(setImmediate);
          return number;
        },
        { seed: k },
      );
    else if (name === 'tensor') dataset = dataset.map(x => ({ x: tf.scalar(value(x), 'float32') }));
    else if (name === 'batch') return dataset.map(value).batch(k!, args[1] as boolean) as Dataset<unknown>;
  }
  return dataset as Dataset<unknown>;
}

/** As JSON has it; what it was is disposed of. */
export function plain(element: unknown): unknown {
  if (element instanceof tf.Tensor) {
    const values = element.arraySync();
    element.dispose();
    return values;
  }
  return typeof element === 'number' ? element : plain((element as { x: tf.Tensor }).x);
}

/** What the types of `new Checkpoint` accept: `tsc` judges (npm run typecheck), and the same values are then saved. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { Checkpoint, CheckpointManager, Counter, type Trackables } from '../../src/tfjs.js';

interface Networks {
  readonly policy: tf.LayersModel;
  readonly target?: tf.LayersModel;
}

interface Training {
  networks: Networks;
  optimizer: tf.Optimizer;
  step: Counter;
  readonly history: Numbers[];
  byName: Map<string, Numbers>;
}

interface Numbers {
  best: tf.Variable;
}

class Agent {
  constructor(readonly numbers: Numbers) {}
  trackedChildren(): Numbers {
    return this.numbers;
  }
}

const numbers = (): Numbers => ({ best: tf.tidy(() => tf.variable(tf.scalar(1))) });

it('values whose types are interfaces, at any depth', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle typing '));
  const policy = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'd' })] });
  const networks: Networks = { policy };
  const { best } = numbers();
  const training: Training = {
    networks,
    optimizer: tf.train.sgd(0.1),
    step: new Counter(3),
    history: [numbers()],
    byName: new Map([['x', numbers()]]),
  };
  const checkpoints: Checkpoint[] = [
    new Checkpoint(training),
    new Checkpoint({ ...training, best }),
    new Checkpoint({ networks, deep: { numbers: numbers() } }),
    new Checkpoint(policy, training),
    new Checkpoint(new Agent(numbers()), networks),
    new Checkpoint({ agent: new Agent(numbers()), agents: [new Agent(numbers())] }),
    new Checkpoint({ best } as Trackables),
    new Checkpoint(policy),
    new Checkpoint(best),
    new Checkpoint([best, policy] as const),
    new Checkpoint({}),
  ];
  for (const [i, checkpoint] of checkpoints.entries()) {
    const path = await checkpoint.save(join(directory, String(i)));
    (await checkpoint.restore(path)).assertConsumed();
  }
  expect(new CheckpointManager(new Checkpoint(training), directory, { maxToKeep: 1 }).checkpoints).toEqual([]);
  await rm(directory, { recursive: true });
});

interface Untrackable {
  model: tf.LayersModel;
  epochs: number;
}

/** Never called: each line must be refused by the compiler. */
function refusedByTypes(model: tf.LayersModel, untrackable: Untrackable): unknown[] {
  return [
    // @ts-expect-error a number is nothing to track
    new Checkpoint({ model, epochs: 5 }),
    // @ts-expect-error nor is one in an interface
    new Checkpoint(untrackable),
    // @ts-expect-error or in one that is deeper
    new Checkpoint({ deep: { untrackable } }),
    // @ts-expect-error or in a list
    new Checkpoint({ list: [untrackable] }),
    // @ts-expect-error a function
    new Checkpoint({ model: () => model }),
    // @ts-expect-error a promise
    new Checkpoint({ model: Promise.resolve(model) }),
    // @ts-expect-error null
    new Checkpoint({ model: null }),
    // @ts-expect-error a string
    new Checkpoint({ name: 'x' }),
    // @ts-expect-error a tensor is no variable
    new Checkpoint({ tensor: tf.zeros([1]) }),
    // @ts-expect-error a Map with numbers as keys
    new Checkpoint({ map: new Map([[1, model]]) }),
    // @ts-expect-error a Set
    new Checkpoint({ set: new Set([model]) }),
  ];
}

it('what is nothing to track is refused by the compiler', () => {
  expect(refusedByTypes).toBeTypeOf('function');
});

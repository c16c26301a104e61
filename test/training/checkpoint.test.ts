/** Every form of `tf.train.Checkpoint`: the bytes that TensorFlow writes, both directions. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestCheckpoint } from '../../src/index.js';
import { Checkpoint, type TrackableValue } from '../../src/tfjs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let directory: string;

async function python(action: 'write' | 'read'): Promise<void> {
  const program = join(root, '.tools', 'venv', 'bin', 'python');
  await promisify(execFile)(program, [join(root, 'test', 'training', 'checkpoint.py'), directory, action]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle checkpoint '));
  await mkdir(join(directory, 'python'));
  await mkdir(join(directory, 'node'));
  await python('write');
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

class State {
  constructor(public text: string) {}
  serialize(): string {
    return this.text;
  }
  deserialize(text: string): void {
    this.text = text;
  }
}

function dense(fill: number): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  model.setWeights([tf.tensor([0, 1, 2, 3, 4, 5], [3, 2]).add(fill), tf.fill([2], 7 + fill)]);
  return model;
}

/** As `forms` in checkpoint.py; and what is in them, to look at. */
function forms(fill: number): Record<string, { checkpoint: Checkpoint; values(): unknown }> {
  const v = tf.tidy(() => tf.variable(tf.tensor([1, 2]).add(fill), true));
  v.name = 'vv';
  const w = tf.tidy(() => tf.variable(tf.scalar(3).add(fill)));
  const net = dense(fill);
  const state = new State(`text é ${fill}`);
  const tracked = { trackedChildren: (): Record<string, TrackableValue> => ({ b: w, a: v }) };
  const form = (children: ConstructorParameters<typeof Checkpoint>): { checkpoint: Checkpoint; values(): unknown } => ({
    checkpoint: new Checkpoint(...(children as [Record<string, TrackableValue>])),
    values: () => [v, w, ...net.getWeights()].map(value => [...value.dataSync()]).concat([[state.text.length]]),
  });
  return {
    variables: form([{ w, v, again: v }]),
    collections: form([
      {
        z: new Map<string, TrackableValue>([
          ['b', v],
          ['a', [w, v]],
        ]),
        lst: [w, { deep: v }],
        Upper: w,
        é: w,
      },
    ]),
    model: form([{ v, model: net }]),
    root: form([net]),
    'root and more': form([net, { v }]),
    state: form([{ state }]),
    module: form([tracked]),
  } as Record<string, { checkpoint: Checkpoint; values(): unknown }>;
}

const NAMES = ['variables', 'collections', 'model', 'root', 'root and more', 'state', 'module'];

describe('the forms', () => {
  it.each(NAMES)('%s: index and data are those of TensorFlow, at the first save and the second', async name => {
    const { checkpoint } = forms(0)[name]!;
    for (const number of [1, 2]) {
      const path = await checkpoint.save(join(directory, 'node', name));
      expect(path).toBe(join(directory, 'node', `${name}-${number}`));
      for (const ending of ['.index', '.data-00000-of-00001']) {
        const ours = await readFile(`${path}${ending}`);
        const theirs = await readFile(join(directory, 'python', `${name}-${number}${ending}`));
        expect(ours.equals(theirs), ending).toBe(true);
      }
      expect(await latestCheckpoint(join(directory, 'node'))).toBe(path);
    }
  });

  it.each(NAMES)('%s: what TensorFlow wrote is restored', async name => {
    const form = forms(100)[name]!;
    const status = await form.checkpoint.restore(join(directory, 'python', `${name}-2`));
    status.assertConsumed();
    expect(form.checkpoint.saveCounter).toBe(2);
    expect(status.loaded).toContain('save_counter/.ATTRIBUTES/VARIABLE_VALUE');
  });

  it('the variables of a SavedModel are restored', async () => {
    const model = dense(100);
    const status = await new Checkpoint(model).read(join(directory, 'python', 'saved model'));
    status.assertExistingObjectsMatched();
    expect(model.getWeights().map(weight => [...weight.dataSync()])).toEqual([
      [0, 1, 2, 3, 4, 5],
      [7, 7],
    ]);
  });

  it('TensorFlow restores what was written here', async () => {
    for (const name of NAMES) await forms(0)[name]!.checkpoint.save(join(directory, 'node', name));
    await python('read');
    const answer = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as Record<
      string,
      { restored: unknown; expected: unknown; counter: number }
    >;
    expect(Object.keys(answer)).toEqual(NAMES);
    for (const { restored, expected, counter } of Object.values(answer)) {
      expect(restored).toEqual(expected);
      expect(counter).toBe(1);
    }
  }, 120_000);
});

it.each([null, undefined, 3, 'model', () => 1])('is not made of %s', what => {
  expect(() => new Checkpoint(what as unknown as TrackableValue)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  );
});

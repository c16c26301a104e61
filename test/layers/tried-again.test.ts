/** A save that may be tried again (a manager's, where the disk is full): it has its values until it is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointReader } from '../../src/index.js';
import { Checkpoint } from '../../src/tfjs.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
const LENGTH = 2 ** 20;
const directory = mkdtempSync(join(tmpdir(), 'tried-again-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

it('stores the values of the call, and frees what TensorFlow gives as soon as it is written', async () => {
  const detach = vi.spyOn(native, 'detach');
  const freed = (): number => detach.mock.results.length;
  // One is held by TensorFlow, the others are arrays: copied at the call, and what the budget does not cover.
  const computed = tf.variable(tf.tidy(() => tf.fill([LENGTH], 1).add(1)));
  const given = tf.variable(tf.tensor1d(new Float32Array(LENGTH).fill(3)));
  const large = tf.variable(tf.tensor1d(new Float32Array(10 * LENGTH).fill(4)));
  const { numTensors } = tf.memory();
  const attempts: number[] = [];
  const onProgress = ({ phase }: { phase: string }): void => {
    if (phase === 'sync' && attempts.length < 2) throw new Error('not yet');
  };
  const again = async (): Promise<boolean> => attempts.push(freed()) > 0;
  const checkpoint = new Checkpoint({ computed, given, large });
  const saving = checkpoint.writeManaged(join(directory, 'x'), { durable: false, onProgress }, { again });
  tf.tidy(() => void computed.assign(tf.zeros([LENGTH])));
  given.dataSync().fill(7);
  await saving;
  // 2 MiB at a time, in each attempt.
  expect(attempts[0]).toBeGreaterThanOrEqual(2 + 20);
  expect(freed()).toBe(3 * attempts[0]!);
  expect(tf.memory().numTensors).toBe(numTensors);
  await using reader = await CheckpointReader.open(join(directory, 'x'));
  for (const [name, value] of Object.entries({ computed: 2, given: 3, large: 4 }))
    expect(((await reader.read(`${name}${VALUE}`)).data as Float32Array).every(one => one === value)).toBe(true);
  for (const one of [computed, given, large]) one.dispose();
});

/**
 * What callbacks keep in a checkpoint of their own, where somebody else wrote it: bounded, and refused by a typed
 * error.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointWriter } from '../../../src/index.js';
import { withDirectories } from '../../../src/storage/directories.js';
import { BackupAndRestore, Checkpoint, loadModel, saveModel } from '../../../src/tfjs.js';
import { storedBest } from '../../../src/training/callbacks/best-value.js';
import { Monitor } from '../../../src/training/callbacks/monitor.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-hostile-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(directory, String(count++));

function network(): tf.Sequential {
  const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
  return model;
}

async function putText(prefix: string, name: string, text: string): Promise<void> {
  const writer = new CheckpointWriter(prefix, { durable: false });
  writer.add(`.TENSORBUNDLE/${name}`, { dtype: 'string', shape: [], data: [new TextEncoder().encode(text)] });
  await writer.finish();
}

describe('where a backup says that training goes on', () => {
  const wrong = ['', 'null', '[]', '7', '{', '{"epoch":1}', '{"epoch":"1","batch":0}', '{"epoch":1e999,"batch":0}'];
  it.each([
    ...wrong,
    '{"epoch":-1,"batch":0}',
    '{"epoch":1.5,"batch":0}',
    '{"epoch":1,"batch":null}',
    `"${'x'.repeat(1e6)}`,
  ])('%.40s is ERR_CORRUPT', async text => {
    const backupDir = fresh();
    const progress = { serialize: () => text, deserialize: () => undefined };
    await new Checkpoint({ model: network(), progress }).save(join(backupDir, 'backup'), { durable: false });
    await expect(new BackupAndRestore({ backupDir }).resume(network())).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
  });
});

describe('the best value of a checkpoint', () => {
  const monitor = new Monitor('loss', 'min');
  const stored = (more: string): string => `{"metric":"loss","mode":"min","value":"0.5"${more}}`;

  it('is read', async () => {
    const prefix = fresh();
    await putText(prefix, 'best', stored(''));
    expect(await withDirectories(directories => storedBest(prefix, directories, monitor))).toBe(0.5);
  });

  it.each([
    ['too large', stored(`,"x":"${'x'.repeat(100_000)}"`)],
    ['nested without an end', '['.repeat(60_000)],
    ['null', 'null'],
    ['a value that is none', stored('').replace('0.5', 'best')],
    ['of another metric', stored('').replace('loss', '__proto__')],
  ])('%s: none', async (_, text) => {
    const prefix = fresh();
    await putText(prefix, 'best', text);
    expect(await withDirectories(directories => storedBest(prefix, directories, monitor))).toBeNull();
  });
});

describe('an architecture', () => {
  it('above 64 MiB is ERR_TOO_LARGE, to be read and to be written', async () => {
    const prefix = fresh();
    await putText(prefix, 'model', ' '.repeat(64 * 1024 ** 2 + 1));
    await expect(loadModel(prefix)).rejects.toMatchObject({
      code: 'ERR_TOO_LARGE',
      path: prefix,
      tensor: '.TENSORBUNDLE/model',
    });
    const model = network();
    model.setUserDefinedMetadata({ notes: 'x'.repeat(64 * 1024 ** 2) });
    await expect(saveModel(model, fresh(), { durable: false })).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' });
  });

  it.each(['', '{', '['.repeat(100_000)])('%.20s is ERR_CORRUPT', async text => {
    const prefix = fresh();
    await putText(prefix, 'model', text);
    await expect(loadModel(prefix)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
  });
});

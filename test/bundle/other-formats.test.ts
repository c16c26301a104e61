/**
 * Names of other formats: not saved under, since a checkpoint is not what they say; files of them are told for what
 * they are.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  checkpointExists,
  copyCheckpoint,
  mergeCheckpoints,
  removeCheckpoint,
  verifyCheckpoint,
} from '../../src/index.js';
import { Checkpoint, CheckpointManager, ModelCheckpoint, saveModel, saveWeights } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

const folder = mkdtempSync(join(tmpdir(), 'other formats '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await runPython('test/bundle/other-formats.py', [folder]);
});

const network = (): tf.LayersModel =>
  tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
const source = (): string => join(folder, 'checkpoint.h5');
const WAYS: Readonly<Record<string, (path: string | URL) => unknown>> = {
  CheckpointWriter: path => new CheckpointWriter(path),
  copyCheckpoint: path => copyCheckpoint(source(), path),
  mergeCheckpoints: path => mergeCheckpoints([source()], path, { deleteInputs: true }),
  saveWeights: path => saveWeights(network(), path),
  saveModel: path => saveModel(network(), path),
  'Checkpoint.write': path => new Checkpoint({ net: network() }).write(path),
  'Checkpoint.save': path => new Checkpoint({ net: network() }).save(path),
  'Checkpoint.save in the background': path => new Checkpoint({ net: network() }).save(path, { background: true }),
  ModelCheckpoint: path => new ModelCheckpoint({ filepath: path }),
  CheckpointManager: path =>
    new CheckpointManager(new Checkpoint({ net: network() }), folder, {
      maxToKeep: 1,
      checkpointName: String(path).slice(folder.length + 1),
    }),
};
const ENDINGS = 'h5 hdf5 keras weights.h5 safetensors npz npy pt pth onnx tflite pb json H5 Keras SafeTensors'.split(
  ' ',
);

/** These write Keras's files (test/keras/doors.test.ts). */
const DOORS: readonly string[] = ['saveWeights', 'saveModel', 'ModelCheckpoint'];
const isKeras = (ending: string): boolean => /^(weights\.)?(h5|hdf5|keras)$/i.test(ending);

describe.each(Object.entries(WAYS))('%s', (name, way) => {
  test.each(ENDINGS.filter(ending => !(DOORS.includes(name) && isKeras(ending))))('.%s', async ending => {
    const before = readdirSync(folder);
    const instead = join(folder, 'model');
    const error = await (async () => way(`${instead}.${ending}`))().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'TensorBundleError',
      code: 'ERR_NOT_SUPPORTED',
      path: `${instead}.${ending}`,
      expected: instead,
    });
    expect((error as Error).message).toContain(`'${instead}'`);
    if (name === 'CheckpointManager') return;
    const url = pathToFileURL(`${instead}.${ending}`);
    await expect((async () => way(url))()).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
    expect(readdirSync(folder)).toEqual(before);
  });
});

test('the ending of a pattern', () => {
  for (const filepath of ['run/{epoch:02d}.npz', '{epoch}-{val_loss:.2f}.safetensors', 'best.KERAS'])
    expect(() => new ModelCheckpoint({ filepath })).toThrow(expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }));
  for (const filepath of ['run/{epoch:02d}.ckpt', '{epoch}-{val_loss:.2f}', 'a.h5/{epoch}', 'h5', 'keras-{epoch}'])
    expect(new ModelCheckpoint({ filepath }).lastSaved).toBeNull();
});

const NAMES =
  'model.ckpt model.ckpt-1000 cp.ckpt cp-0001.ckpt model.v1 best_model weights.02-1.76 ' +
  'h5 keras model.h5-7 model.h5.bak m.keras.d/x a.h5/';
test.each(NAMES.split(' '))('%s is a name for a checkpoint', async name => {
  const prefix = join(folder, 'good', name);
  const writer = new CheckpointWriter(prefix, { durable: false });
  await writer.add('x', { dtype: 'int8', shape: [], data: Int8Array.of(1) }).finish();
  expect(await verifyCheckpoint(prefix)).toMatchObject({ ok: true });
});

test.each('h5 keras safetensors npz pt'.split(' '))('a checkpoint of TensorFlow called checkpoint.%s', async ending => {
  const prefix = join(folder, `checkpoint.${ending}`);
  const copy = join(folder, `copy of ${ending}`);
  for (const path of [prefix, `${prefix}.index`, `${prefix}.data-00000-of-00001`]) {
    expect(await checkpointExists(path)).toBe(true);
    expect(await verifyCheckpoint(path)).toMatchObject({ prefix, ok: true });
  }
  const v = tf.variable(tf.zeros([2]));
  (await new Checkpoint({ v }).read(prefix)).assertConsumed();
  expect([...v.dataSync()]).toEqual([1, 2]);
  const reading = new CheckpointManager(new Checkpoint({ v }), folder, {
    maxToKeep: 1,
    checkpointName: `checkpoint.${ending}`,
    readOnly: true,
  });
  expect(reading.checkpoints).toEqual([]);
  await copyCheckpoint(prefix, copy);
  expect(await verifyCheckpoint(copy)).toMatchObject({ ok: true });
  if (ending === 'h5') return;
  await removeCheckpoint(prefix);
  expect(await checkpointExists(prefix)).toBe(false);
});

describe('a file of another format', () => {
  const zip = (member: string): Uint8Array => {
    const header = new Uint8Array(30);
    header.set([0x50, 0x4b, 3, 4]);
    header[26] = member.length;
    return Buffer.concat([header, Buffer.from(member), new Uint8Array(64)]);
  };
  const json = Buffer.from('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const planted: Readonly<Record<string, Uint8Array>> = {
    'm.safetensors': Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(json.length)).buffer), json, Buffer.alloc(4)]),
    'torch.pt': zip('archive/data.pkl'),
    'other.zip': zip('readme.txt'),
    'cut.zip': Uint8Array.of(0x50, 0x4b, 3, 4),
    'old.pt': Uint8Array.of(0x80, 2, 0x8a, 10),
    'model.json': Buffer.from('{"format": "layers-model"}'),
  };
  beforeAll(() => {
    for (const [name, bytes] of Object.entries(planted)) writeFileSync(join(folder, name), bytes);
  });
  test.each([
    ['legacy.h5', 'an HDF5 file'],
    ['weights.hdf5', 'an HDF5 file'],
    ['new.weights.h5', 'an HDF5 file'],
    ['legacy.keras', 'a .keras file'],
    ['new.keras', 'a .keras file'],
    ['plain.npz', 'an archive of NumPy arrays'],
    ['compressed.npz', 'an archive of NumPy arrays'],
    ['empty.npz', 'an empty zip archive'],
    ['one.npy', 'a NumPy file'],
    ['lite.tflite', 'a TensorFlow Lite model'],
    ['m.safetensors', 'a safetensors file'],
    ['torch.pt', 'a PyTorch file'],
    ['other.zip', 'a zip archive'],
    ['cut.zip', 'a zip archive'],
    ['old.pt', 'a Python pickle'],
    ['model.json', 'JSON text'],
  ])('%s is %s', async (name, what) => {
    const error = await CheckpointReader.open(join(folder, name)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT', path: join(folder, name) });
    expect((error as Error).message).toContain(`but ${what}`);
  });
});

/** Every file operation of a load fails once, or reads less than asked for: a typed error or the right model. */
import '../crash/fault-engine.js';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, expect, test } from 'vitest';
import { loadModel, loadWeights, saveModel, saveWeights, TensorBundleError } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faulty } from '../native/fault-binding.js';

const folder = new Scratch('read-errors').directory();
const at = (name: string): string => join(folder, name);
const x = tf.ones([1, 3]);
let answer: Float32Array;

const network = (): tf.LayersModel =>
  tf.sequential({ layers: [tf.layers.dense({ units: 500, inputShape: [3] }), tf.layers.dense({ units: 2 })] });

const predicted = (model: tf.LayersModel): Float32Array =>
  tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);

/** The archive with deflated weights, made by hand: one entry after the other, then the directory. */
function deflated(archive: Buffer): Buffer {
  const end = archive.subarray(-22);
  const records: Buffer[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (let record = end.readUInt32LE(16); archive.readUInt32LE(record) === 0x02014b50; ) {
    const length = 46 + archive.readUInt16LE(record + 28);
    const central = Buffer.from(archive.subarray(record, record + length));
    const start = central.readUInt32LE(42);
    const header = Buffer.from(archive.subarray(start, start + 30 + archive.readUInt16LE(start + 26)));
    const data = deflateRawSync(
      archive.subarray(start + header.length, start + header.length + central.readUInt32LE(24)),
    );
    for (const [bytes, method] of [
      [header, 8],
      [central, 10],
    ] as const)
      bytes.writeUInt16LE(8, method);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(offset, 42);
    parts.push(header, data);
    offset += header.length + data.length;
    records.push(central);
    record += length;
  }
  const directory = Buffer.concat(records);
  const last = Buffer.from(end);
  last.writeUInt32LE(directory.length, 12);
  last.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, last]);
}

beforeAll(async () => {
  mkdirSync(at('tmp'));
  process.env.TMPDIR = at('tmp');
  const model = network();
  answer = predicted(model);
  await saveModel(model, at('m.keras'));
  await saveModel(model, at('m.h5'));
  await saveWeights(model, at('m.weights.h5'));
  writeFileSync(at('deflated.keras'), deflated(readFileSync(at('m.keras'))));
});

async function load(name: string): Promise<Float32Array> {
  if (!name.endsWith('.weights.h5')) return predicted(await loadModel(at(name)));
  const model = network();
  await loadWeights(model, at(name));
  return predicted(model);
}

test.each(['m.keras', 'deflated.keras', 'm.h5', 'm.weights.h5'])('%s', async name => {
  faulty.setFaults(null);
  expect(await load(name)).toEqual(answer);
  const count = faulty.operations().length;
  const descriptors = faulty.openDescriptors();
  expect(count).toBeGreaterThan(5);
  const codes = new Set<string>();
  for (let n = 1; n <= count; n++) {
    for (const fault of [
      { action: 'error' },
      { action: 'error', errno: 'ENOSPC', sticky: true },
      { action: 'short' },
    ]) {
      faulty.setFaults([{ at: n, ...fault } as Fault]);
      const result = await load(name).catch((error: unknown) => error);
      const operations = faulty.operations().slice(n - 2);
      faulty.setFaults(null);
      if (result instanceof TensorBundleError) codes.add(result.code);
      else if (result instanceof Error) throw result;
      else expect(result).toEqual(answer);
      expect(faulty.openDescriptors(), JSON.stringify([n, fault, operations])).toBe(descriptors);
      // Unless nothing can be removed.
      if (!('sticky' in fault)) expect(readdirSync(at('tmp'))).toEqual([]);
      for (const left of readdirSync(at('tmp'))) rmSync(join(at('tmp'), left));
    }
  }
  expect([...codes].sort()).toEqual(expect.arrayContaining(['ERR_IO', 'ERR_NO_SPACE']));
  expect([...codes].filter(code => !['ERR_IO', 'ERR_NO_SPACE', 'ERR_TRUNCATED'].includes(code))).toEqual([]);
});

/**
 * TensorFlow.js without tfjs-node: the cpu and wasm backends. What one backend saved, every other reads as the same
 * bytes and predicts the same from; tfjs-node is loaded last, so that the rest shows that nothing needs it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureTensor } from '../../src/bundle/tf-staging.js';
import type { TensorData } from '../../src/format/dtypes.js';
import { copyWeights, loadWeights, saveWeights } from '../../src/tfjs.js';

const BACKENDS = ['cpu', 'wasm'];
const TOLERANCE = 1e-5;
/** More than one piece of a save; a multiple of nothing. */
const LARGE = 1_200_001;
const FILES = ['.index', '.data-00000-of-00001'];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-backends-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function images(): tf.LayersModel {
  const l = tf.layers;
  return tf.sequential({
    layers: [
      l.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 2], name: 'conv' }),
      l.batchNormalization({ name: 'norm' }),
      l.depthwiseConv2d({ kernelSize: 2, name: 'depthwise' }),
      l.separableConv2d({ filters: 4, kernelSize: 2, name: 'separable' }),
      l.conv2dTranspose({ filters: 2, kernelSize: 2, name: 'transposed' }),
      l.layerNormalization({ name: 'scale' }),
      l.flatten({ name: 'flat' }),
      l.dense({ units: 3, activation: 'softmax', name: 'out' }),
    ],
  });
}

function text(): tf.LayersModel {
  const l = tf.layers;
  return tf.sequential({
    layers: [
      l.embedding({ inputDim: 12, outputDim: 5, inputLength: 6, name: 'words' }),
      l.bidirectional({
        layer: l.lstm({ units: 3, returnSequences: true, name: 'lstm' }) as tf.RNN,
        mergeMode: 'concat',
        name: 'both',
      }),
      l.timeDistributed({ layer: l.dense({ units: 4, name: 'each' }), name: 'steps' }),
      l.gru({ units: 4, returnSequences: true, name: 'gru' }),
      l.lstm({ units: 3, name: 'last' }),
      l.dense({ units: 2, name: 'out' }),
    ],
  });
}

interface Network {
  readonly make: () => tf.LayersModel;
  readonly input: () => tf.Tensor;
}

const NETWORKS: Readonly<Record<string, Network>> = {
  images: { make: images, input: () => tf.randomUniform([2, 8, 8, 2], -1, 1, 'float32', 4) },
  text: {
    make: text,
    input: () =>
      tf.tensor(
        [
          [1, 5, 11, 0, 7, 7],
          [2, 3, 4, 5, 6, 9],
        ],
        [2, 6],
        'float32',
      ),
  },
};
const names = Object.keys(NETWORKS);

/** Values that depend on nothing but the place of the variable: equal in every backend. */
function randomize(model: tf.LayersModel): void {
  let state = 7;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return 0.1 + (0.5 * state) / 2147483647;
  };
  tf.tidy(() => {
    model.setWeights(
      model.getWeights().map(({ shape, size }) => tf.tensor(Float32Array.from({ length: size }, next), shape)),
    );
  });
}

function predict(model: tf.LayersModel, { input }: Network): number[] {
  return tf.tidy(() => [...(model.predict(input()) as tf.Tensor).dataSync()]);
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expect(found.every(Number.isFinite)).toBe(true);
  expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(TOLERANCE);
}

function valuesOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map(weight => [...weight.dataSync()]);
}

/** Where each backend has saved each network, and what it predicted there. */
const prefixOf = (backend: string, name: string): string => join(directory, backend, name, 'weights');
const predictions = new Map<string, number[]>();

describe.each(BACKENDS)('the %s backend', backend => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
    await tf.ready();
    expect(tf.getBackend()).toBe(backend);
  });

  it('is used without tfjs-node', () => {
    expect(Object.keys(tf.engine().registryFactory)).not.toContain('tensorflow');
  });

  it.each(names)('saves and loads %s, keeping no tensor alive', async name => {
    const network = NETWORKS[name]!;
    const saved = network.make();
    const fresh = network.make();
    randomize(saved);
    const { numTensors, numDataBuffers } = tf.memory();
    await saveWeights(saved, prefixOf(backend, name));
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    (await loadWeights(fresh, prefixOf(backend, name))).assertConsumed().assertNontrivialMatch();
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expect(valuesOf(fresh)).toEqual(valuesOf(saved));
    const predicted = predict(fresh, network);
    expect(predicted).toEqual(predict(saved, network));
    predictions.set(`${backend} ${name}`, predicted);
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    saved.dispose();
    fresh.dispose();
  });

  it.each(names)('copies %s from model to model, keeping no tensor alive', name => {
    const network = NETWORKS[name]!;
    const from = network.make();
    const to = network.make();
    randomize(from);
    const { numTensors } = tf.memory();
    copyWeights(from, to).assertConsumed();
    expect(tf.memory().numTensors).toBe(numTensors);
    const predicted = predict(from, network);
    // What was copied is the target's: training or disposing the source does not touch it.
    tf.tidy(() => from.setWeights(from.getWeights().map(weight => tf.zerosLike(weight))));
    from.dispose();
    expect(predict(to, network)).toEqual(predicted);
    to.dispose();
  });

  it('loads views of the mapped file, too', async () => {
    const fresh = images();
    const { numTensors, numDataBuffers } = tf.memory();
    (await loadWeights(fresh, prefixOf(backend, 'images'), { alias: true })).assertConsumed();
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expectClose(predict(fresh, NETWORKS.images!), predictions.get(`${backend} images`)!);
    fresh.dispose();
  });

  it('a mismatch changes nothing', async () => {
    const other = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 2], name: 'conv' }),
        tf.layers.batchNormalization({ name: 'norm', scale: false }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, name: 'depthwise' }),
      ],
    });
    const before = valuesOf(other);
    await expect(loadWeights(other, prefixOf(backend, 'images'))).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
    expect(valuesOf(other)).toEqual(before);
    other.dispose();
  });

  it.each([
    ['small', 8],
    ['large', LARGE],
  ])('%s values given to a save are nobody else’s memory, and stay what they were', async (_what, count) => {
    const array = Float32Array.from({ length: count }, (_, i) => i * 0.5);
    const variable = tf.variable(tf.tensor(array));
    const capture = captureTensor(variable);
    variable.assign(tf.zeros([count]));
    const pieces = await piecesOf(capture.data());
    // What the backend has stays whole although a save may take the memory of its pieces away.
    for (const piece of pieces) {
      expect(piece.buffer).not.toBe(array.buffer);
      structuredClone(piece.buffer, { transfer: [piece.buffer as ArrayBuffer] });
    }
    capture.release();
    const same = tf.tensor(array);
    const again = captureTensor(same);
    expect(Buffer.concat(await piecesOf(again.data())).equals(Buffer.from(array.buffer))).toBe(true);
    again.release();
    same.dispose();
    expect(variable.dataSync().every(value => value === 0)).toBe(true);
    variable.dispose();
  });
});

/** All of a capture, as bytes. */
async function piecesOf(given: ReturnType<ReturnType<typeof captureTensor>['data']>): Promise<Uint8Array[]> {
  const data: TensorData | AsyncIterable<Uint8Array> = await given;
  if (!(Symbol.asyncIterator in data)) {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return [new Uint8Array(buffer, byteOffset, byteLength)];
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of data) pieces.push(piece);
  return pieces;
}

describe('all backends together', () => {
  beforeAll(async () => {
    await import('@tensorflow/tfjs-node');
    expect(await tf.setBackend('tensorflow')).toBe(true);
  });

  describe.each(names)('%s', name => {
    const network = NETWORKS[name]!;

    it('have saved the same bytes, and tfjs-node saves them again', async () => {
      const model = network.make();
      (await loadWeights(model, prefixOf('wasm', name))).assertConsumed();
      expectClose(predict(model, network), predictions.get(`wasm ${name}`)!);
      await saveWeights(model, prefixOf('tensorflow', name));
      predictions.set(`tensorflow ${name}`, predict(model, network));
      for (const end of FILES) {
        const expected = await readFile(prefixOf('tensorflow', name) + end);
        for (const backend of BACKENDS) {
          expect((await readFile(prefixOf(backend, name) + end)).equals(expected), `${backend} ${end}`).toBe(true);
        }
      }
    });

    it('predict the same', () => {
      const [first, ...others] = ['tensorflow', ...BACKENDS].map(backend => predictions.get(`${backend} ${name}`)!);
      for (const other of others) expectClose(other, first!);
    });

    it.each(BACKENDS)('%s reads what tfjs-node saved', async backend => {
      await tf.setBackend(backend);
      const model = network.make();
      (await loadWeights(model, prefixOf('tensorflow', name))).assertConsumed();
      expectClose(predict(model, network), predictions.get(`tensorflow ${name}`)!);
      model.dispose();
      await tf.setBackend('tensorflow');
    });

    it.each(BACKENDS)('weights are copied from %s to tfjs-node and back', async backend => {
      await tf.setBackend(backend);
      const there = network.make();
      randomize(there);
      await tf.setBackend('tensorflow');
      const here = network.make();
      const { numTensors } = tf.memory();
      copyWeights(there, here).assertConsumed();
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(valuesOf(here)).toEqual(valuesOf(there));
      await tf.setBackend(backend);
      const back = network.make();
      copyWeights(here, back).assertConsumed();
      here.dispose();
      there.dispose();
      expectClose(predict(back, network), predictions.get(`tensorflow ${name}`)!);
      back.dispose();
      await tf.setBackend('tensorflow');
    });

    it.each(BACKENDS)('a model that lives on %s is saved while tfjs-node is the backend', async backend => {
      await tf.setBackend(backend);
      const model = network.make();
      randomize(model);
      await tf.setBackend('tensorflow');
      await saveWeights(model, join(directory, 'moved', backend, name));
      for (const end of FILES) {
        const moved = await readFile(join(directory, 'moved', backend, name) + end);
        expect(moved.equals(await readFile(prefixOf('tensorflow', name) + end)), end).toBe(true);
      }
      model.dispose();
    });
  });
});

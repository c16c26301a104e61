/**
 * Files that real Keras wrote of models which TensorFlow.js cannot hold, or cannot find by itself: what is refused, in
 * which words, and what `include`, `exclude` and `map` do about it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadWeightsOptions, loadWeights, type RestoreMismatchError } from '../../src/tfjs.js';
import { type OracleTensor, oracle } from '../oracle/oracle.js';

interface Named {
  name: string;
  value: OracleTensor;
}
interface Written {
  twoLayers: Named[];
  subclassed: { weights: Named[]; input: OracleTensor; output: OracleTensor };
}

let directory: string;
let written: Written;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-refusal-'));
  written = (await (await oracle()).run('foreign_models', { directory })) as Written;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name, 'ckpt');
const numbers = ({ bytes }: OracleTensor): number[] => [...new Float32Array(Uint8Array.from(bytes).buffer)];
const values = (model: tf.LayersModel): number[][] => model.getWeights().map(weight => [...weight.dataSync()]);

function twoLayers(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [4], name: 'l1', biasInitializer: 'randomNormal' }),
      tf.layers.dense({ units: 2, name: 'l2', biasInitializer: 'randomNormal' }),
    ],
  });
}

function single(layer: tf.layers.Layer): tf.LayersModel {
  return tf.sequential({ layers: [layer] });
}

/** Loading is refused with this error, and the model and the number of tensors stay as they were. */
async function refusal(
  model: tf.LayersModel,
  name: string,
  options: LoadWeightsOptions = {},
): Promise<RestoreMismatchError> {
  const before = values(model);
  const { numTensors } = tf.memory();
  const error = await loadWeights(model, at(name), options).then(
    () => expect.fail('it was loaded'),
    (reason: RestoreMismatchError) => reason,
  );
  expect(values(model)).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors);
  return error;
}

const gru = () => tf.layers.gru({ units: 3, inputShape: [3, 2], name: 'memory' });

describe('weights of something that TensorFlow.js does not have', () => {
  it.each([
    ['GRU with reset_after', 'gru', () => gru(), 'memory/cell', 'bias'],
    ['GRU of Keras 3', 'gru_keras3', () => gru(), 'memory/cell', 'bias'],
    [
      'GRUCell in RNN',
      'gru_cell',
      () => tf.layers.rnn({ cell: tf.layers.gruCell({ units: 3 }), inputShape: [3, 2], name: 'memory' }),
      'memory/cell',
      'bias',
    ],
    [
      'GRU in Bidirectional',
      'bidirectional_gru',
      () => tf.layers.bidirectional({ layer: gru() as tf.RNN, mergeMode: 'concat', inputShape: [3, 2], name: 'both' }),
      'both/forward_layer/cell',
      'bias',
    ],
  ])('%s is refused by name, whatever skipMismatch says', async (_what, name, layer, owner, variable) => {
    for (const options of [{}, { skipMismatch: true }]) {
      const error = await refusal(single(layer()), name, options);
      expect(error).toMatchObject({
        code: 'ERR_NOT_SUPPORTED',
        tensor: expect.stringMatching(/cell\/bias\/\.ATTRIBUTES/),
      });
      expect(error.message).toContain(`layer ${owner} cannot take ${variable} from ${error.tensor}`);
      expect(error.message).toContain('reset_after=True');
      expect(error.message).toContain('nothing was changed');
    }
  });

  it('is not in the way of variables that do not need it', async () => {
    const model = single(gru());
    const before = values(model);
    const status = await loadWeights(model, at('gru'), { include: /kernel/, exclude: /recurrent/ });
    expect(status.loaded).toEqual(['layer_with_weights-0/cell/kernel/.ATTRIBUTES/VARIABLE_VALUE']);
    expect(values(model)[0]).not.toEqual(before[0]);
    expect(values(model).slice(1)).toEqual(before.slice(1));
  });

  it.each([
    ['lora_dense', () => tf.layers.dense({ units: 3, inputShape: [4], name: 'x' }), '_kernel'],
    ['lora_conv', () => tf.layers.conv2d({ filters: 3, kernelSize: 2, inputShape: [5, 5, 2], name: 'x' }), '_kernel'],
    [
      'lora_embedding',
      () => tf.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 2, name: 'x' }),
      '_embeddings',
    ],
  ])(
    'a LoRA adapter (%s) is refused, and its layer without the adapted variable loads',
    async (name, layer, variable) => {
      const path = 'model/_functional/_operations/1';
      const map = { x: path, [`x/${variable.slice(1)}`]: `${path}/${variable}` };
      for (const options of [{ skipMismatch: true }, { map, skipMismatch: true }]) {
        const error = await refusal(single(layer()), name, options);
        expect(error).toMatchObject({
          code: 'ERR_NOT_SUPPORTED',
          tensor: `${path}/${variable}/.ATTRIBUTES/VARIABLE_VALUE`,
        });
        expect(error.message).toContain('LoRA');
      }
      const status = await loadWeights(single(layer()), at(name), { exclude: /kernel|embeddings/ });
      expect(status.missing).toEqual([]);
    },
  );
});

describe('values of another type or shape', () => {
  const dense = (units = 3): tf.LayersModel => single(tf.layers.dense({ units, inputShape: [4], name: 'd' }));
  const key = 'layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE';

  it.each(['float16', 'float64'])('%s is a mismatch that says so', async dtype => {
    const error = await refusal(dense(), dtype);
    expect(error).toMatchObject({ code: 'ERR_MISMATCH', expected: 'float32 [4,3]', found: `${dtype} [4,3]` });
    expect(error.message).toContain(
      `layer d expects kernel float32 [4,3]; the checkpoint has ${dtype} [4,3] at ${key}, ` +
        `and TensorFlow.js has no ${dtype} ` +
        '(and 1 more); nothing was changed',
    );
    expect((await loadWeights(dense(), at(dtype), { skipMismatch: true })).mismatched).toHaveLength(2);
  });

  it('quantized weights are a mismatch', async () => {
    const path = 'model/_functional/_operations/1';
    const error = await refusal(dense(6), 'int8');
    expect(error).toMatchObject({ tensor: `${path}/_kernel/.ATTRIBUTES/VARIABLE_VALUE`, found: 'int8 [4,6]' });
    expect(error.code).toBe('ERR_MISMATCH');
    expect(error.message).toContain('TensorFlow.js has no int8');
  });

  it('grouped convolutions are a mismatch, in the words of the manual', async () => {
    const model = single(tf.layers.conv2d({ filters: 4, kernelSize: 2, inputShape: [5, 5, 4], name: 'conv2d_3' }));
    const error = await refusal(model, 'groups');
    expect(error.message).toContain(
      `layer conv2d_3 expects kernel [2,2,4,4]; the checkpoint has [2,2,2,4] at ${key}; nothing was changed`,
    );
  });
});

describe('a part of what Python wrote', () => {
  const python = (name: string): number[] => numbers(written.twoLayers.find(one => one.name === name)!.value);

  it("restores just l1's bias, the kernel untouched", async () => {
    const model = twoLayers();
    const before = values(model);
    const { numTensors } = tf.memory();
    const status = await loadWeights(model, at('two_layers'), { include: /^l1\/bias$/ });
    expect(status.assertConsumed().loaded).toEqual(['layer_with_weights-0/bias/.ATTRIBUTES/VARIABLE_VALUE']);
    expect(values(model)).toEqual([before[0], python('l1/bias'), before[2], before[3]]);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.each([
    ["the layers' names", { l1: 'layer_with_weights-1', l2: 'layer_with_weights-0' }],
    ['their paths', { 'layer_with_weights-0': 'layer-1', 'layer-1': 'layer-0' }],
  ])('layers change places by map, by %s', async (_what, map) => {
    const build = (): tf.LayersModel =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 2, inputShape: [3], name: 'l1' }),
          tf.layers.dense({ units: 3, inputShape: [2], name: 'l2', useBias: false }),
        ],
      });
    const model = build();
    const status = await loadWeights(model, at('two_layers'), { map, skipMismatch: true });
    expect(values(model).slice(0, 2)).toEqual([python('l2/kernel'), python('l2/bias')]);
    expect(status.mismatched.map(({ key, found }) => [key, found])).toEqual([
      ['layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE', 'float32 [4,3]'],
    ]);
    expect(status.unused).toEqual(['layer_with_weights-0/bias/.ATTRIBUTES/VARIABLE_VALUE']);
  });
});

describe('models that Python wrote as classes', () => {
  const build = (): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, inputShape: [4], name: 'a' }),
        tf.layers.dense({ units: 3, name: 'b' }),
        tf.layers.dense({ units: 2, name: 'c' }),
      ],
    });

  it.each([
    ['at the root', 'subclassed', ''],
    ['below a keyword', 'subclassed_below', 'net/'],
  ])('are loaded by a map from layers to objects, %s', async (_what, name, root) => {
    const model = build();
    const { numTensors } = tf.memory();
    const map = { a: `${root}blocks/0`, b: `${root}blocks/1`, 'layer_with_weights-2': `${root}head` };
    const status = await loadWeights(model, at(name), { map });
    status.assertExistingObjectsMatched();
    expect(status.unused.filter(key => !key.includes('save_counter'))).toEqual([]);
    expect(tf.memory().numTensors).toBe(numTensors);
    const { input, output } = written.subclassed;
    const found = tf.tidy(() => (model.predict(tf.tensor(numbers(input), [2, 4])) as tf.Tensor).dataSync());
    for (const [i, value] of numbers(output).entries()) expect(found[i]).toBeCloseTo(value, 5);
  });

  it('say what their paths look like when nothing was found', async () => {
    const status = await loadWeights(build(), at('subclassed'));
    expect(status.loaded).toEqual([]);
    expect(String(status)).toMatch(/Its own paths look like (blocks\/0\/kernel|head\/kernel), .*`map` can name them/);
  });

  it.each([
    ['an unknown layer', { d: 'head' }, /'d'.*its layers are a, b, c; its variables are a\/kernel/],
    ['an unknown object', { a: 'blocks/2' }, /'blocks\/2', .*'blocks' has 0, 1/],
    ['an unknown child of the root', { a: 'tail' }, /'tail', .*it has .*head/],
    ['an unknown tensor', { 'a/kernel': 'head/weight' }, /'head\/weight', .*it has .*head\/kernel/],
  ])('%s in map is refused with what there is', async (_what, map, message) => {
    const error = await refusal(build(), 'subclassed', { map: map as unknown as Record<string, string> });
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });
});

describe('a checkpoint that knows names only', () => {
  const python = (name: string): number[] => numbers(written.twoLayers.find(one => one.name === name)!.value);

  it('is loaded by a map from layers to scopes', async () => {
    const model = twoLayers();
    const status = await loadWeights(model, at('saver'), { map: { l1: 'old/first', l2: 'old/second' } });
    status.assertConsumed();
    expect(status.loaded).toEqual(['old/first/kernel', 'old/first/bias', 'old/second/kernel', 'old/second/bias']);
    expect(values(model)).toEqual(['l1/kernel', 'l1/bias', 'l2/kernel', 'l2/bias'].map(python));
  });

  it('says which names it has where a scope or a tensor does not exist', async () => {
    for (const map of [{ l1: 'new' }, { 'l1/kernel': 'new' }] as unknown as Record<string, string>[]) {
      const error = await refusal(twoLayers(), 'saver', { map });
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      expect(error.message).toContain('old/first/bias');
    }
  });
});

/** saveWeights and loadWeights without Python: what they change, refuse, skip and leave behind. */
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveGraph } from '../../src/graph/stored/captured-graph.js';
import { branch } from '../../src/graph/trackable.js';
import { CheckpointReader, CheckpointWriter, latestCheckpoint } from '../../src/index.js';
import { modelTrackable } from '../../src/layers/model.js';
import { loadWeights, type RestoreMismatchError, saveWeights } from '../../src/tfjs.js';
import { digits, randomize } from './models.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-weights-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function values(model: tf.LayersModel): number[][] {
  return model.getWeights().map(weight => [...weight.dataSync()]);
}

function denseModel(units: number[], inputs = 4): tf.LayersModel {
  return tf.sequential({
    layers: units.map((n, i) =>
      tf.layers.dense({
        units: n,
        name: `d${i}`,
        biasInitializer: 'randomNormal',
        ...(i === 0 ? { inputShape: [inputs] } : {}),
      }),
    ),
  });
}

async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

describe('a round trip', () => {
  it('restores exactly, under one name again and again, and names the latest checkpoint', async () => {
    const prefix = join(directory, 'again', 'model');
    for (let epoch = 1; epoch <= 3; epoch++) {
      const model = digits();
      randomize(model, epoch);
      const result = await saveWeights(model, prefix);
      expect(result.tensors).toBe(11);
      const fresh = digits();
      (await loadWeights(fresh, join(directory, 'again'))).assertConsumed();
      expect(values(fresh)).toEqual(values(model));
    }
    const state = await readFile(join(directory, 'again', 'checkpoint'), 'utf8');
    expect(state).toBe('model_checkpoint_path: "model"\nall_model_checkpoint_paths: "model"\n');
  });

  it('leaves the state file alone if told to', async () => {
    await saveWeights(denseModel([1]), join(directory, 'stateless', 'model'), { updateState: false });
    expect(await readdir(join(directory, 'stateless'))).not.toContain('checkpoint');
  });

  it('keeps no tensor alive, and disposes none of the model', async () => {
    const prefix = join(directory, 'memory', 'model');
    const model = denseModel([1200, 1200], 1200);
    const fresh = denseModel([1200, 1200], 1200);
    const before = tf.memory().numTensors;
    await saveWeights(model, prefix);
    expect(tf.memory().numTensors).toBe(before);
    await loadWeights(fresh, prefix);
    expect(tf.memory().numTensors).toBe(before);
    await loadWeights(fresh, prefix, { alias: true });
    await saveWeights(fresh, prefix);
    expect(tf.memory().numTensors).toBe(before);
    expect(values(fresh)).toEqual(values(model));
  });

  it('saves the values of the moment of the call', async () => {
    const prefix = join(directory, 'moment', 'model');
    const model = denseModel([900, 900], 900);
    const then = values(model);
    const saving = saveWeights(model, prefix);
    randomize(model, 5);
    await saving;
    const fresh = denseModel([900, 900], 900);
    await loadWeights(fresh, prefix);
    expect(values(fresh)).toEqual(then);
  });

  it('does not make TensorFlow alias an array that the caller still has', async () => {
    const array = new Float32Array(900 * 900).fill(1);
    const model = denseModel([900], 900);
    model.layers[0]!.setWeights([tf.tensor(array, [900, 900]), tf.zeros([900])]);
    await saveWeights(model, join(directory, 'pending', 'model'));
    const fresh = denseModel([900], 900);
    await loadWeights(fresh, join(directory, 'pending', 'model'));
    expect(fresh.getWeights()[0]!.dataSync()[7]).toBe(1);
  });
});

describe('refusals', () => {
  it('a mismatch changes nothing and says where; skipMismatch loads the rest', async () => {
    const prefix = join(directory, 'mismatch', 'model');
    const saved = denseModel([3, 5]);
    await saveWeights(saved, prefix);
    const live = denseModel([3, 6]);
    const before = values(live);
    const error = await loadWeights(live, prefix).catch((e: RestoreMismatchError) => e);
    expect(error).toMatchObject({ code: 'ERR_MISMATCH', expected: 'float32 [3,6]', found: 'float32 [3,5]' });
    const { status, message } = error as RestoreMismatchError;
    expect(message).toContain(
      'layer d1 expects kernel [3,6]; the checkpoint has [3,5] at layer_with_weights-1/kernel/',
    );
    expect(status.mismatched).toHaveLength(2);
    expect(status.loaded).toEqual([]);
    expect(String(status)).toContain('nothing was changed');
    expect(values(live)).toEqual(before);

    const skipped = await loadWeights(live, prefix, { skipMismatch: true });
    expect(skipped.loaded).toHaveLength(2);
    expect(skipped.mismatched).toHaveLength(2);
    expect(values(live)).toEqual([...values(saved).slice(0, 2), ...before.slice(2)]);
  });

  it('damage in the last tensor changes nothing', async () => {
    const prefix = join(directory, 'damage', 'model');
    await saveWeights(denseModel([64, 64], 64), prefix);
    const reader = await CheckpointReader.open(prefix);
    const { offset } = reader.entry('layer_with_weights-1/bias/.ATTRIBUTES/VARIABLE_VALUE');
    await reader.close();
    const file = await open(`${prefix}.data-00000-of-00001`, 'r+');
    await file.write(Uint8Array.of(0xff, 0xff), 0, 2, offset! + 2);
    await file.close();
    const live = denseModel([64, 64], 64);
    const before = values(live);
    expect(await code(loadWeights(live, prefix))).toBe('ERR_CHECKSUM');
    expect(values(live)).toEqual(before);
  });

  it('a damaged object graph', async () => {
    const prefix = join(directory, 'bad-graph');
    const writer = new CheckpointWriter(prefix);
    await writer
      .add('_CHECKPOINTABLE_OBJECT_GRAPH', { dtype: 'string', shape: [], data: [Uint8Array.of(0x0a, 0x7f)] })
      .finish();
    expect(await code(loadWeights(denseModel([1]), prefix))).toBe('ERR_CORRUPT');
  });

  it('what is no checkpoint, no model, no option', async () => {
    const model = denseModel([1]);
    expect(await code(loadWeights(model, join(directory, 'nothing-here')))).toBe('ERR_NOT_FOUND');
    expect(await code(saveWeights(tf.sequential(), join(directory, 'empty')))).toBe('ERR_INVALID_ARGUMENT');
    expect(await code(saveWeights({} as tf.LayersModel, join(directory, 'empty')))).toBe('ERR_INVALID_ARGUMENT');
    // It is not compiled.
    expect(await code(saveWeights(model, join(directory, 'o'), { includeOptimizer: true }))).toBe(
      'ERR_INVALID_ARGUMENT',
    );
    const prefix = join(directory, 'typo');
    await saveWeights(model, prefix);
    expect(await code(loadWeights(model, prefix, { map: { kernle: 'x' } }))).toBe('ERR_INVALID_ARGUMENT');
    const numbers = { map: { 'd0/kernel': 5 } } as unknown as { map: Record<string, string> };
    expect(await code(loadWeights(model, prefix, numbers))).toBe('ERR_INVALID_ARGUMENT');
  });

  it.each([undefined, null, 5, Promise.resolve('x')])('a path that is %s', async given => {
    const path = given as unknown as string;
    const model = denseModel([1]);
    expect(await code(loadWeights(model, path))).toBe('ERR_INVALID_ARGUMENT');
    expect(await code(saveWeights(model, path))).toBe('ERR_INVALID_ARGUMENT');
    expect(await code(latestCheckpoint(path))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('a custom layer with two things of one name, by name', async () => {
    class Twice extends tf.layers.Layer {
      static className = 'Twice';
      readonly w = tf.layers.dense({ units: 1 });
      override build(shape: tf.Shape): void {
        this.w.build(shape);
        this.addWeight('w', [1], 'float32', tf.initializers.ones());
        this.built = true;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
        return inputs;
      }
    }
    const model = tf.sequential({ layers: [new Twice({ inputShape: [1], name: 'words' })] });
    const error = await saveWeights(model, join(directory, 'unknown')).catch((e: Error) => e);
    expect(error).toMatchObject({ code: 'ERR_NOT_SUPPORTED', found: 'w' });
    expect((error as Error).message).toContain("layer 'words' (Twice)");
  });

  it('a disposed model', async () => {
    const model = denseModel([1]);
    model.dispose();
    expect(await code(saveWeights(model, join(directory, 'disposed')))).toBe('ERR_STATE');
  });

  it('a failed save keeps no tensor alive', async () => {
    const prefix = join(directory, 'exists', 'model');
    const model = denseModel([2]);
    await saveWeights(model, prefix);
    const before = tf.memory().numTensors;
    expect(await code(saveWeights(model, prefix, { overwrite: 'error' }))).toBe('ERR_EXISTS');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a partial restore', () => {
  it.each([
    ['include by Keras name', { include: /^d0\/bias$/ }, [1]],
    ['include by path', { include: /^layer_with_weights-1\// }, [2, 3]],
    ['a pattern with the g flag', { include: /kernel/g }, [0, 2]],
    ['exclude', { exclude: /bias/ }, [0, 2]],
    ['both', { include: /d0/, exclude: /kernel/ }, [1]],
  ])('%s', async (_what, options, changed) => {
    const prefix = join(directory, 'partial', 'model');
    const saved = denseModel([3, 2]);
    await saveWeights(saved, prefix);
    const live = denseModel([3, 2]);
    const before = values(live);
    const status = await loadWeights(live, prefix, options);
    expect(status.assertConsumed().loaded).toHaveLength(changed.length);
    expect(values(live)).toEqual(values(saved).map((value, i) => (changed.includes(i) ? value : before[i])));
  });

  it('names what is missing and what is unused', async () => {
    const prefix = join(directory, 'missing', 'model');
    await saveWeights(denseModel([3, 2]), prefix);
    const shorter = await loadWeights(denseModel([3]), prefix);
    expect(shorter.unused).toEqual([
      'layer_with_weights-1/kernel/.ATTRIBUTES/VARIABLE_VALUE',
      'layer_with_weights-1/bias/.ATTRIBUTES/VARIABLE_VALUE',
    ]);
    expect(() => shorter.assertConsumed()).toThrowError(expect.objectContaining({ code: 'ERR_NOT_CONSUMED' }));
    shorter.assertExistingObjectsMatched();
    const longer = await loadWeights(denseModel([3, 2, 2]), prefix);
    expect(longer.missing).toHaveLength(2);
    expect(() => longer.assertExistingObjectsMatched()).toThrowError(
      expect.objectContaining({ code: 'ERR_UNMATCHED' }),
    );
    expect(String(longer)).toContain('layer d2: kernel (layer_with_weights-2/kernel/.ATTRIBUTES/VARIABLE_VALUE)');
  });

  it('reports what does not fit `model`, whatever another network in the checkpoint looks like', async () => {
    const prefix = join(directory, 'teacher', 'model');
    const graph = modelTrackable(denseModel([4]));
    const teacher = modelTrackable(denseModel([3]));
    await saveGraph(
      branch([
        { name: 'model', node: graph },
        { name: 'teacher', node: teacher },
      ]),
      prefix,
    );
    const live = denseModel([3]);
    await expect(loadWeights(live, prefix)).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
    const status = await loadWeights(live, prefix, { map: { [live.name]: 'teacher' } });
    expect(status.assertExistingObjectsMatched().loaded.every(key => key.startsWith('teacher/'))).toBe(true);
  });

  it('says which network of the checkpoint was taken', async () => {
    const prefix = join(directory, 'net', 'model');
    await saveGraph(branch([{ name: 'net', node: modelTrackable(denseModel([3])) }]), prefix);
    expect(String(await loadWeights(denseModel([3]), prefix))).toContain("2 variables restored from 'net' of ");
  });

  it('takes a map that settles every variable where models fit equally well', async () => {
    const prefix = join(directory, 'equal', 'model');
    const two = ['policy', 'target'].map(name => ({ name, node: modelTrackable(denseModel([3])) }));
    await saveGraph(branch(two), prefix);
    const live = denseModel([3]);
    const map = { 'd0/kernel': 'target/layer-0/kernel', 'd0/bias': 'policy/layer-0/bias' };
    await expect(loadWeights(live, prefix)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect((await loadWeights(live, prefix, { map, include: /kernel/ })).loaded).toHaveLength(1);
    expect((await loadWeights(live, prefix, { map })).assertExistingObjectsMatched().loaded).toHaveLength(2);
    const { 'd0/kernel': kernel } = map;
    await expect(loadWeights(live, prefix, { map: { 'd0/kernel': kernel } })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  it('names each variable where two are mapped to one tensor', async () => {
    const prefix = join(directory, 'one-tensor', 'model');
    await saveWeights(denseModel([3]), prefix);
    const live = denseModel([2, 2]);
    const map = { 'd0/kernel': 'layer-0/kernel', 'd1/kernel': 'layer-0/kernel' };
    const error: unknown = await loadWeights(live, prefix, { map, include: /kernel/ }).catch(reason => reason);
    expect(String((error as RestoreMismatchError).status)).toMatch(/layer d0 expects .*\n.*layer d1 expects /);
  });

  it('maps names of a checkpoint without an object graph', async () => {
    const prefix = join(directory, 'named', 'model');
    await using writer = new CheckpointWriter(prefix);
    writer.add('w', { dtype: 'float32', shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) });
    writer.add('b', { dtype: 'float32', shape: [1], data: Float32Array.of(5) });
    await writer.finish();
    const live = denseModel([1]);
    const nothing = await loadWeights(live, prefix);
    expect(() => nothing.assertNontrivialMatch()).toThrowError(expect.objectContaining({ code: 'ERR_TRIVIAL_MATCH' }));
    const status = await loadWeights(live, prefix, { map: { 'd0/kernel': 'w', 'layer_with_weights-0/bias': 'b' } });
    expect(status.assertConsumed().loaded).toEqual(['w', 'b']);
    expect(values(live)).toEqual([[1, 2, 3, 4], [5]]);
  });

  it('takes a scope with a slash at its end', async () => {
    const prefix = join(directory, 'scoped', 'model');
    await using writer = new CheckpointWriter(prefix);
    writer.add('old/dense/kernel', { dtype: 'float32', shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) });
    await writer.finish();
    const status = await loadWeights(denseModel([1]), prefix, { map: { d0: 'old/dense/' } });
    expect(status.loaded).toEqual(['old/dense/kernel']);
  });
});

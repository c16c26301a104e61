/** What has to hold in every test runner, as the text of a test file: runners load it in their own ways. */

export type Loading = 'import' | 'await import' | 'require';

/** `mock` is the name of the runner's object with `useFakeTimers`. */
export function suite(loading: Loading, mock: 'vi' | 'jest'): string {
  return `${HEADS[loading](mock)}\n${BODY}`;
}

const NAMES = { core: 'tensorbundle', api: 'tensorbundle/tfjs', optimizers: 'tensorbundle/optimizers' };

function imports(form: (name: string, from: string) => string): string {
  return Object.entries(NAMES)
    .map(([name, from]) => form(name, from))
    .join('\n');
}

const HEADS: Readonly<Record<Loading, (mock: string) => string>> = {
  import: mock => `
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { ${mock} as mock } from '${mock === 'vi' ? 'vitest' : '@jest/globals'}';
${imports((name, from) => `import * as ${name} from '${from}';`)}
const tf = (await import(process.env.TFJS)).default;
`,
  'await import': () => `
const { mkdtempSync } = require('node:fs');
const { join } = require('node:path');
const { deserialize, serialize } = require('node:v8');
const mock = jest;
const tf = require(process.env.TFJS);
let ${Object.keys(NAMES).join(', ')};
beforeAll(async () => {
${imports((name, from) => `  ${name} = await import('${from}');`)}
});
`,
  require: () => `
const { mkdtempSync } = require('node:fs');
const { join } = require('node:path');
const { deserialize, serialize } = require('node:v8');
const mock = jest;
const tf = require(process.env.TFJS);
${imports((name, from) => `const ${name} = require('${from}');`)}
`,
};

const BODY = `
const folder = mkdtempSync('saved-');
const at = name => join(folder, name);
/** As an addon, or Node itself, makes it: of the main realm. */
const ofMain = value => deserialize(serialize(value));

async function save(name, data, dtype = 'float32') {
  const writer = new core.CheckpointWriter(at(name), { shards: 2 });
  writer.add('a', { dtype, shape: [data.length], data });
  writer.add('b', { dtype, shape: [data.length], data: () => Promise.resolve(data) });
  return await writer.finish();
}

test('arrays of the test and of the main realm are saved, and read as the test has them', async () => {
  const arrays = {
    float32: Float32Array.of(1, 2),
    int64: BigInt64Array.of(1n, 2n),
    uint8: Uint8Array.of(1, 2),
    float64: Float64Array.of(1, 2),
  };
  for (const [dtype, data] of Object.entries(arrays)) {
    for (const given of [data, ofMain(data)]) {
      await save('arrays', given, dtype);
      const reader = await core.CheckpointReader.open(at('arrays'), { verify: 'open' });
      for (const name of ['a', 'b']) {
        const { data: read, shape } = await reader.read(name);
        expect(read).toStrictEqual(data);
        expect(read).toBeInstanceOf(data.constructor);
        expect(shape).toStrictEqual([2]);
      }
      await reader.close();
    }
  }
  const big = new Float32Array(5000).fill(7);
  await save('big', big);
  const reader = await core.CheckpointReader.open(at('big'));
  const { data } = await reader.read('a');
  expect(data).toBeInstanceOf(Float32Array);
  expect(data).toStrictEqual(big);
  let bytes = 0;
  for await (const piece of reader.pieces('a', { bytes: 4096 })) {
    expect(piece).toBeInstanceOf(Uint8Array);
    bytes += piece.byteLength;
  }
  expect(bytes).toBe(20000);
  expect(await reader.verify()).toMatchObject({ ok: true });
  await reader.close();
});

test('strings', async () => {
  const text = new Uint8Array(Buffer.from('hi'));
  await save('strings', [text, Buffer.from('hi')], 'string');
  const { data } = await core.loadVariable(at('strings'), 'a');
  for (const one of data) {
    expect(one).toBeInstanceOf(Uint8Array);
    expect(one).toEqual(text);
  }
});

test('errors have their codes and their class', async () => {
  const error = await core.CheckpointReader.open(at('none')).catch(caught => caught);
  expect(error).toBeInstanceOf(core.TensorBundleError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: 'ERR_NOT_FOUND', name: 'TensorBundleError' });
  await save('new/folder/x', Float32Array.of(1));
  await expect(save('new/folder/x.index/y', Float32Array.of(1))).rejects.toMatchObject({ code: 'ERR_IO' });
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  const aborted = core.CheckpointReader.open(at('strings'), { signal: controller.signal });
  await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(() => new core.CheckpointWriter(at('x'), { durrable: true })).toThrow(/did you mean .durable./);
});

test('what is to be disposed of has the symbol for it', async () => {
  expect(typeof Symbol.asyncDispose).toBe('symbol');
  expect(typeof Symbol.dispose).toBe('symbol');
  const reader = await core.CheckpointReader.open(at('strings'));
  await reader[Symbol.asyncDispose]();
  expect(() => reader.names()).toThrow(/closed/);
  await new core.CheckpointWriter(at('x'))[Symbol.asyncDispose]();
});

test('fake timers hold nothing up', async () => {
  mock.useFakeTimers();
  try {
    await save('faked', new Float32Array(100000));
    const reader = await core.CheckpointReader.open(at('faked'), { verify: 'open' });
    await reader.read('a', { copy: true });
    await reader.close();
    await core.copyCheckpoint(at('faked'), at('copied'), { shards: 3 });
    const tensors = { x: tf.variable(tf.scalar(1)) };
    await new api.Checkpoint(tensors).save(at('timed'));
  } finally {
    mock.useRealTimers();
  }
});

test('a training is saved, stopped, and goes on', async () => {
  const model = () => {
    const made = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'd' })] });
    made.compile({ loss: 'meanSquaredError', optimizer: new optimizers.Adam() });
    return made;
  };
  const [xs, ys] = [tf.tensor2d([1, 2, 3, 4], [4, 1]), tf.tensor2d([2, 4, 6, 8], [4, 1])];
  const first = model();
  const best = new api.ModelCheckpoint({
    filepath: at('best'),
    monitor: 'loss',
    saveBestOnly: true,
    saveWeightsOnly: false,
  });
  const stopping = new api.EarlyStopping({ monitor: 'loss', restoreBestWeights: true });
  await first.fit(xs, ys, { epochs: 2, verbose: 0, callbacks: [best, stopping] });
  const loaded = await api.loadModel(at('best'));
  expect([...loaded.getWeights()[0].dataSync()]).toEqual([...first.getWeights()[0].dataSync()]);

  const parts = {
    list: [tf.variable(tf.scalar(1))],
    map: new Map([['a', tf.variable(tf.scalar(2))]]),
    bare: { b: tf.variable(tf.scalar(3)) },
  };
  const manager = new api.CheckpointManager(new api.Checkpoint({ first, ...parts }), at('run'), { maxToKeep: 2 });
  await manager.save();
  const saved = manager.save({ background: true });
  await saved.durable;
  parts.list[0].assign(tf.scalar(9));
  expect(await manager.restoreOrInitialize()).toBe(at('run/ckpt-2'));
  expect(parts.list[0].dataSync()[0]).toBe(1);

  const backup = new api.BackupAndRestore({ backupDir: at('backup') });
  const data = api.Dataset.fromTensorSlices({ xs, ys }).shuffle(4, 'seed').map(({ xs, ys }) => ({ xs, ys })).batch(2);
  const { initialEpoch, dataset } = await backup.resume(first, data);
  await first.fitDataset(dataset, { epochs: 1, initialEpoch, verbose: 0, callbacks: [backup] });
  expect((await new api.BackupAndRestore({ backupDir: at('backup') }).resume(model(), data)).initialEpoch).toBe(1);
  const view = await api.CheckpointView.open(at('run/ckpt-2'));
  expect(view.children(0).size).toBeGreaterThan(3);
  await api.saveWeights(first, at('weights'));
  (await api.loadWeights(model(), at('weights'))).assertConsumed();
});
`;

/** Every object of options refuses a key that is none of its own, says which was meant, and does nothing else. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as core from '../../src/index.js';
import * as optimizers from '../../src/optimizers.js';
import * as savedmodel from '../../src/savedmodel.js';
import * as api from '../../src/tfjs.js';
import { type OptionSite, optionSites, siteKey } from './option-sites.js';

interface Call {
  /** Without which there is no call at all. */
  readonly needed?: object;
  readonly run: (options: never) => unknown;
}

/** Reads and writes in here. */
let folder: string;
let model: tf.LayersModel;
let reader: core.CheckpointReader;

const at = (name: string): string => join(folder, name);
const checkpoint = (): api.Checkpoint => new api.Checkpoint({ model });
const manager = (): api.CheckpointManager => new api.CheckpointManager(checkpoint(), at('m'), { maxToKeep: 1 });
const dataset = (): api.Dataset<number> => api.Dataset.fromArray([1, 2]);
const VALUE = { dtype: 'float32', shape: [1], data: new Float32Array(1) } as const;

const CALLS: Readonly<Record<string, Call>> = {
  copyCheckpoint: { run: options => core.copyCheckpoint(at('in'), at('copy'), options) },
  latestValidCheckpoint: { run: options => core.latestValidCheckpoint(folder, options) },
  mergeCheckpoints: { run: options => core.mergeCheckpoints([at('in')], at('merged'), options) },
  'CheckpointReader.open': { run: async options => (await core.CheckpointReader.open(at('in'), options)).close() },
  'CheckpointReader#check': { run: options => reader.check(['a'], options) },
  'CheckpointReader#readAll': { run: options => reader.readAll(['a'], options) },
  'CheckpointReader#read': { run: options => reader.read('a', options) },
  'CheckpointReader#pieces': { run: options => reader.pieces('a', options).next() },
  'CheckpointReader#verify': { run: options => reader.verify(options) },
  verifyCheckpoint: { run: options => core.verifyCheckpoint(at('in'), options) },
  'new CheckpointWriter': { run: options => new core.CheckpointWriter(at('out'), options) },
  'CheckpointWriter#add': { run: options => new core.CheckpointWriter(at('out')).add('a', VALUE, options) },
  'CheckpointWriter#addSlice': {
    run: options => new core.CheckpointWriter(at('out')).addSlice('a', [2], [0], VALUE, options),
  },
  updateCheckpointState: {
    needed: { modelCheckpointPath: 'x' },
    run: options => core.updateCheckpointState(at('new'), options),
  },
  saveWeights: { run: options => api.saveWeights(model, at('w'), options) },
  loadWeights: { run: options => api.loadWeights(model, at('in'), options) },
  loadModel: { run: options => api.loadModel(at('in'), options) },
  gru: { needed: { units: 1 }, run: options => api.gru(options) },
  gruCell: { needed: { units: 1 }, run: options => api.gruCell(options) },
  saveModel: { run: options => api.saveModel(model, at('w'), options) },
  'savedmodel.loadModel': { run: options => savedmodel.loadModel(at('s'), options) },
  'savedmodel.saveModel': { run: options => savedmodel.saveModel(model, at('s'), options) },
  copyWeights: { run: options => api.copyWeights(model, model, options) },
  checkpointable: { run: options => api.checkpointable(dataset(), options) },
  'Dataset.fromGenerator': { run: options => api.Dataset.fromGenerator(() => [1].values(), options) },
  'Dataset#interleave': { run: options => dataset().interleave(() => dataset(), options) },
  'Dataset#map': { run: options => dataset().map(x => x, options) },
  'Dataset#mapAsync': { run: options => dataset().mapAsync(async x => x, options) },
  'new CSVDataset': { run: options => new api.CSVDataset('rows.csv', options) },
  'new BackupAndRestore': { needed: { backupDir: 'b' }, run: options => new api.BackupAndRestore(options) },
  'BackupAndRestore#resume': {
    run: options => new api.BackupAndRestore({ backupDir: at('b') }).resume(model, dataset(), options),
  },
  'new EarlyStopping': { run: options => new api.EarlyStopping(options) },
  'new ModelCheckpoint': { needed: { filepath: 'f' }, run: options => new api.ModelCheckpoint(options) },
  'Checkpoint#save': { run: options => settled(checkpoint().save(at('c'), options)) },
  'Checkpoint#write': { run: options => checkpoint().write(at('c'), options) },
  'Checkpoint#restore': { run: options => checkpoint().restore(null, options) },
  'Checkpoint#read': { run: options => checkpoint().read(at('in'), options) },
  'new CheckpointManager': {
    needed: { maxToKeep: 1 },
    run: options => new api.CheckpointManager(checkpoint(), at('m'), options),
  },
  'CheckpointManager#save': { run: options => settled(manager().save(options)) },
  'PreemptionSaver#saveIfAsked': { run: options => preemptionSaved(options) },
  keepBest: { needed: { metric: 'loss', mode: 'min' }, run: options => api.keepBest(options) },
  'new Adadelta': { run: options => new optimizers.Adadelta(options) },
  'new Adagrad': { run: options => new optimizers.Adagrad(options) },
  'new Adam': { run: options => new optimizers.Adam(options) },
  'new AdamW': { run: options => new optimizers.AdamW(options) },
  'new Adamax': { run: options => new optimizers.Adamax(options) },
  'new Nadam': { run: options => new optimizers.Nadam(options) },
  'new RMSprop': { run: options => new optimizers.RMSprop(options) },
  'new SGD': { run: options => new optimizers.SGD(options) },
  'new LossScaleOptimizer': { run: options => new optimizers.LossScaleOptimizer(new optimizers.SGD(), options) },
  'KerasOptimizer.fromConfig': { run: options => optimizers.KerasOptimizer.fromConfig(optimizers.SGD, options) },
};
/** Data that travels with an error, of whatever names. */
const NO_OPTIONS = ['new TensorBundleError'];

const sites = optionSites();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tensorbundle-options-'));
  model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'd' })] });
  await api.saveWeights(model, at('in'), { updateState: false });
  const writer = new core.CheckpointWriter(at('plain'));
  writer.add('a', VALUE);
  await writer.finish();
  reader = await core.CheckpointReader.open(at('plain'));
});
afterEach(() => {
  for (const name of readdirSync(folder)) if (!/^(in|plain)\./.test(name)) rmSync(at(name), { recursive: true });
});
afterAll(async () => {
  await reader.close();
  model.dispose();
  rmSync(folder, { recursive: true });
});

/** Of a background save too. */
async function settled(save: unknown): Promise<unknown> {
  const result = await save;
  return typeof result === 'object' && result !== null ? await (result as api.BackgroundSave).durable : result;
}

async function preemptionSaved(options: never): Promise<unknown> {
  const saver = manager().saveBeforePreemption();
  try {
    return await saver.saveIfAsked(options);
  } finally {
    await saver.close();
  }
}

/** The options with `inner` at the site's path. */
function optionsAt({ name, path }: OptionSite, inner: unknown): object {
  const [first, ...rest] = path.map(part => (part === '*' ? 'any' : part)).reverse();
  const nested = rest.reduce<unknown>(
    (value, part) => ({ [part]: value }),
    first === undefined ? inner : { [first]: inner },
  );
  return { ...CALLS[name]!.needed, ...(nested as object) };
}

async function errorOf(site: OptionSite, inner: unknown): Promise<core.TensorBundleError | null> {
  const isWhole = site.path.length === 0 && (typeof inner !== 'object' || inner === null || !isLiteral(inner));
  try {
    await CALLS[site.name]!.run((isWhole ? inner : optionsAt(site, inner)) as never);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(core.TensorBundleError);
    return error as core.TensorBundleError;
  }
}

function isLiteral(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

const snake = (option: string): string => option.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
const doubled = (option: string): string => option.replace(/^.(.)/, '$&$1');

it('every place of the API that takes options is called here', () => {
  const names = new Set(sites.map(({ name }) => name));
  expect([...names].filter(name => !NO_OPTIONS.includes(name)).sort()).toEqual(Object.keys(CALLS).sort());
});

describe.each(sites.filter(({ name }) => !NO_OPTIONS.includes(name)).map(site => ({ ...site, key: siteKey(site) })))(
  '$key',
  site => {
    it('refuses what is nearly an option, and says which', async () => {
      for (const option of site.options) {
        const slips = [snake(option), option.toUpperCase(), doubled(option)].filter(
          slip => !site.options.includes(slip),
        );
        for (const slip of slips) {
          const error = await errorOf(site, { [slip]: undefined });
          expect(error, slip).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
          expect(error!.message).toMatch(
            new RegExp(`\`[\\w.]*${slip}\` is not an option of .*; did you mean \`[\\w.]*${option}\`\\?`),
          );
        }
      }
    });

    it('refuses what is like none, and says which there are', async () => {
      const error = await errorOf(site, { xyzzyxyzzy: 1 });
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      for (const option of site.options) expect(error!.message).toContain(`${option}\``);
      expect(readdirSync(folder).filter(name => !/^(in|plain)\./.test(name))).toEqual([]);
    });

    it('takes each option that is declared', async () => {
      const undefinedOnes = Object.fromEntries(site.options.map(option => [option, undefined]));
      const needed = site.path.length === 0 ? CALLS[site.name]!.needed : {};
      const error = await errorOf(site, { ...undefinedOnes, ...needed });
      expect(error?.message ?? '').not.toMatch(/is not an option/);
    });

    it('refuses what is no object of options', async () => {
      const others = [[1], new Map([['durable', false]]), new AbortController().signal, new Date(0)];
      // Of an option that may be something else too, whoever takes it says so.
      if (site.path.length === 0) others.push('text' as never, null as never, (() => 1) as never);
      for (const other of others) {
        const error = await errorOf(site, other);
        expect(error, String(other)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
        expect(error!.message).toMatch(/must be an object, for example \{ \w+ \}, not /);
      }
    });
  },
);

describe('what counts as an option', () => {
  const make = (options: object): core.CheckpointWriter => new core.CheckpointWriter(at('x'), options);

  it('an inherited one, and one of another realm', () => {
    expect(() => make(Object.create({ durrable: true }) as object)).toThrow(/`durrable` is not.*`durable`/);
    expect(() => make(runInNewContext('({ durrable: true })') as object)).toThrow(/`durrable` is not.*`durable`/);
    make(Object.create({ durable: true }) as object);
    make(runInNewContext('({ durable: true, shards: { maxBytes: 5 } })') as object);
    make(Object.assign(Object.create(null) as object, { durable: true }));
    class Mine {
      durable = false;
      helper(): void {}
    }
    make(new Mine());
  });

  it('neither a symbol nor what somebody gave to all objects', () => {
    make({ [Symbol('mark')]: 1 });
    Object.defineProperty(Object.prototype, 'everywhere', { value: 1, enumerable: true, configurable: true });
    try {
      make({ durable: true });
    } finally {
      delete (Object.prototype as { everywhere?: number }).everywhere;
    }
    expect(() => make({ toString: 1 })).toThrow(/`toString` is not an option/);
    expect(() => make(JSON.parse('{"__proto__": 1}') as object)).toThrow(/`__proto__` is not an option/);
  });

  it('all slips are told at once, and where an option belongs', () => {
    expect(() => make({ durrable: 1, shard: 2 })).toThrow(/`durrable` .*`durable`\? `shard` .*`shards`\?/);
    const wrong = { filepath: 'x', durable: false };
    expect(() => new api.ModelCheckpoint(wrong)).toThrow(/belongs in `writer`: { writer: { durable } }/);
  });

  it('values of flags and choices are looked at', async () => {
    expect(() => new api.ModelCheckpoint({ filepath: 'x', saveBestOnly: 'no' as never })).toThrow(
      /saveBestOnly must be true or false, not "no" \(an option of ModelCheckpoint\)/,
    );
    const wrong = checkpoint().write(at('x'), { optimizerKeys: 'old' as never });
    await expect(wrong).rejects.toThrow(/optimizerKeys must be 'new' or 'legacy'/);
    expect(() => new api.ModelCheckpoint({ filepath: 'x', writer: { shards: 0 } })).toThrow(/shards must be/);
    const retention = api.keepBest({ metric: 'loss', mode: 'min' }) as never;
    expect(() => new api.CheckpointManager(checkpoint(), at('m'), { maxToKeep: 1, retention })).toThrow(
      /an array of pol/,
    );
  });

  it('numbers are numbers: a text, NaN or a list would count as one somewhere, or as none', async () => {
    const { Adam, SGD, RMSprop, LossScaleOptimizer } = optimizers;
    const no = ['0.1', Number.NaN, true, [], {}] as never[];
    for (const value of no) {
      for (const option of ['learningRate', 'decay', 'beta1', 'epsilon', 'weightDecay', 'clipnorm', 'clipvalue'])
        expect(() => new Adam({ [option]: value }), option).toThrow(new RegExp(`${option} must be a number.*of Adam`));
      expect(() => new SGD({ momentum: value })).toThrow(/momentum must be a number/);
      expect(() => new RMSprop({ rho: value })).toThrow(/rho must be a number/);
      expect(() => new LossScaleOptimizer(new SGD(), { initialScale: value })).toThrow(/initialScale must be a number/);
      const hours = { maxToKeep: 1, keepCheckpointEveryNHours: value };
      expect(() => new api.CheckpointManager(checkpoint(), at('m'), hours)).toThrow(/EveryNHours must be a number/);
      const threshold = { filepath: 'x', initialValueThreshold: value };
      expect(() => new api.ModelCheckpoint(threshold)).toThrow(/initialValueThreshold must be a number/);
    }
    new Adam({ clipnorm: null, weightDecay: null, globalClipnorm: 1 });
    for (const metrics of ['loss', 1, null, [1], { loss: '1' }, { loss: tf.scalar(1) }] as never[])
      await expect((async () => settled(manager().save({ metrics })))()).rejects.toThrow(
        /metrics must be an object of num/,
      );
    await settled(manager().save({ metrics: { loss: Number.NaN, val_loss: undefined as never } }));
    for (const stepCounter of ['step', 3, {}] as never[])
      expect(() => new api.CheckpointManager(checkpoint(), at('m'), { maxToKeep: 1, stepCounter })).toThrow(
        /stepCounter must be a Counter/,
      );
  });

  it('an object of options where a flag is wanted', () => {
    for (const value of [{ smallLastBatch: false }, 'no', 0] as never[]) {
      expect(() => dataset().batch(2, value)).toThrow(/smallLastBatch must be true or false/);
      expect(() => dataset().shuffle(2, 1, value)).toThrow(/reshuffleEachIteration must be true or false/);
    }
    dataset().batch(2, undefined).shuffle(2, 1, undefined);
  });

  it('`writer` belongs to the callbacks; elsewhere its options stand by themselves', async () => {
    const wrong = { writer: { durable: false } } as object;
    await expect(api.saveWeights(model, at('w'), wrong)).rejects.toThrow(
      /`writer` is not .*given directly here: { durable }/,
    );
    expect(() => make(wrong)).toThrow(/given directly here/);
  });

  it('TypeScript refuses them too', () => {
    const never = (): void => {
      // @ts-expect-error
      make2({ durrable: true });
      // @ts-expect-error
      make2({ shards: { maxbytes: 1 } });
      // @ts-expect-error
      new api.ModelCheckpoint({ filepath: 'x', save_best_only: true });
      // @ts-expect-error
      new api.ModelCheckpoint({ filepath: 'x', writer: { durrable: true } });
      // @ts-expect-error
      void checkpoint().save('x', { background: true, if_busy: 'skip' });
      // @ts-expect-error
      void manager().save({ metric: { loss: 1 } });
      // @ts-expect-error
      new optimizers.AdamW({ learning_rate: 1 });
      // @ts-expect-error
      new api.CSVDataset('x', { columnConfigs: { a: { isLabl: true } } });
    };
    const make2 = (options: core.WriterOptions): unknown => options;
    expect(never).toBeTypeOf('function');
  });
});

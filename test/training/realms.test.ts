/**
 * Values of another realm than the package's, as a test runner's contexts hand them over: each counts as what it is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromNative } from '../../src/errors.js';
import { CheckpointReader, CheckpointWriter, latestCheckpoint, type TensorData } from '../../src/index.js';
import { BackupAndRestore, Checkpoint, Dataset, initFromCheckpoint, loadWeights, saveWeights } from '../../src/tfjs.js';

const context = createContext({ AbortController, URL, tf });
const foreign = <T>(code: string): T => runInContext(`(${code})`, context) as T;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tensorbundle-realms-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

async function roundTrip(name: string, value: Parameters<CheckpointWriter['add']>[1]): Promise<TensorData> {
  const writer = new CheckpointWriter(at(name));
  writer.add('a', value);
  await writer.finish();
  const reader = await CheckpointReader.open(at(name));
  try {
    return (await reader.read('a', { copy: true })).data;
  } finally {
    await reader.close();
  }
}

const ARRAYS = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  float16: 'Uint16Array',
  bfloat16: 'Uint16Array',
  int8: 'Int8Array',
  int16: 'Int16Array',
  int32: 'Int32Array',
  uint8: 'Uint8Array',
  uint16: 'Uint16Array',
  uint32: 'Uint32Array',
  bool: 'Uint8Array',
} as const;

describe('what is saved', () => {
  it.each(Object.entries(ARRAYS))('%s in a %s', async (dtype, array) => {
    const data = await roundTrip(dtype, { dtype, shape: [2], data: foreign(`new ${array}([1, 0])`) } as never);
    expect([...(data as Float32Array)]).toEqual([1, 0]);
    const shared = foreign<Float32Array>(`new ${array}(new SharedArrayBuffer(16), 0, 2)`);
    expect([...((await roundTrip(dtype, { dtype, shape: [2], data: shared } as never)) as Float32Array)]).toEqual([
      0, 0,
    ]);
  });

  it.each(['BigInt64Array', 'BigUint64Array'])('%s', async array => {
    const dtype = array === 'BigInt64Array' ? 'int64' : 'uint64';
    expect(await roundTrip(dtype, { dtype, shape: [1], data: foreign(`${array}.of(5n)`) } as never)).toEqual(
      array === 'BigInt64Array' ? BigInt64Array.of(5n) : BigUint64Array.of(5n),
    );
  });

  it('strings, shapes, pieces, promises', async () => {
    const strings = foreign<Uint8Array[]>('[Uint8Array.of(104, 105)]');
    expect(await roundTrip('s', { dtype: 'string', shape: foreign('[1]'), data: strings })).toEqual([
      Uint8Array.of(104, 105),
    ]);
    const pieces = foreign<() => AsyncIterable<Uint8Array>>(
      'async function* () { yield new Uint8Array(4); yield new Uint8Array(4); }',
    );
    expect(await roundTrip('p', { dtype: 'float32', shape: [2], data: pieces as never })).toEqual(new Float32Array(2));
    const promise = foreign<() => Promise<Float32Array>>('() => Promise.resolve(Float32Array.of(1, 2))');
    expect(await roundTrip('q', { dtype: 'float32', shape: [2], data: promise as never })).toEqual(
      Float32Array.of(1, 2),
    );
  });

  it('a wrong array is named as what it is', () => {
    const wrong = { dtype: 'float32', shape: [1], data: foreign<Float32Array>('new Float64Array(1)') };
    expect(() => new CheckpointWriter(at('w')).add('a', wrong as never)).toThrow(
      expect.objectContaining({ code: 'ERR_DTYPE', expected: 'Float32Array', found: 'Float64Array' }),
    );
    const fake = {
      dtype: 'float32',
      shape: [1],
      data: foreign<Float32Array>('new (class Float32Array extends Array {})(1)'),
    };
    expect(() => new CheckpointWriter(at('w')).add('a', fake as never)).toThrow(/must be a Float32Array/);
    const derived = foreign<Float32Array>('new (class Mine extends Float32Array {})(1)');
    new CheckpointWriter(at('w')).add('a', { dtype: 'float32', shape: [1], data: derived });
  });
});

describe('signals', () => {
  /** Not an AbortSignal of Node's: by its members only, as jsdom's. */
  const likeSignal = (aborted: boolean): AbortSignal => {
    const listeners = new Set<() => void>();
    return Object.assign(foreign<AbortSignal>('{}'), {
      aborted,
      reason: 'enough',
      addEventListener: (_name: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_name: string, listener: () => void) => void listeners.delete(listener),
      count: () => listeners.size,
    });
  };

  it('of another kind end a save, and are let go of afterwards', async () => {
    const writer = new CheckpointWriter(at('never'), { signal: likeSignal(true) });
    writer.add('a', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
    const signal = likeSignal(false) as AbortSignal & { count(): number };
    const other = new CheckpointWriter(at('there'), { signal });
    other.add('a', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
    await other.finish();
    expect(signal.count()).toBe(0);
  });

  it('a controller is no signal', async () => {
    const signal = new AbortController() as never;
    expect(() => new CheckpointWriter(at('x'), { signal })).toThrow(/signal must be an AbortSignal/);
    await expect(CheckpointReader.open(at('x'), { signal })).rejects.toThrow(/signal must be an AbortSignal/);
  });
});

it("an error of the addon keeps its code, whatever realm's Error it is", async () => {
  const error = foreign<Error>("Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'write' })");
  expect(fromNative(error, 'save')).toMatchObject({ code: 'ERR_NO_SPACE' });
  const other = foreign<Error>("new TypeError('mine')");
  expect(fromNative(other, 'save')).toBe(other);
});

it('URLs', async () => {
  await expect(latestCheckpoint(foreign(`new URL('file://${folder}')`))).resolves.toBeNull();
  await expect(CheckpointReader.open(foreign(`new URL('gs://a/b')`))).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
  });
});

describe('collections of trackables', () => {
  const stored = async (value: unknown): Promise<string[]> => {
    const prefix = await new Checkpoint(foreign<(x: unknown) => never>('x => ({ x })')(value)).write(at('t'));
    const reader = await CheckpointReader.open(prefix);
    await reader.close();
    return reader.prefix === '' ? [] : await keysOf(prefix);
  };
  const keysOf = async (prefix: string): Promise<string[]> => {
    const reader = await CheckpointReader.open(prefix);
    const names = reader.names().filter(name => name.startsWith('x'));
    await reader.close();
    return names;
  };

  it('arrays, objects, Maps', async () => {
    const v = tf.variable(tf.scalar(1));
    const wrap = (code: string): unknown => foreign<(v: tf.Variable) => unknown>(`v => ${code}`)(v);
    for (const [code, key] of [
      ['[v]', 'x/0'],
      ['({ v })', 'x/v'],
      ["new Map([['v', v]])", 'x/v'],
      ["new (class Mine extends Map {})([['v', v]])", 'x/v'],
      ['Object.assign(Object.create(null), { v })', 'x/v'],
    ] as const)
      expect(await stored(wrap(code)), code).toEqual([`${key}/.ATTRIBUTES/VARIABLE_VALUE`]);
    await expect(stored(wrap('new Map([[1, v]])'))).rejects.toThrow(/a key that is not a string/);
    await expect(stored(wrap('new Set([v])'))).rejects.toThrow(/'x' is Set, which cannot be saved/);
    await expect(stored(wrap('new (class Mine { v = v })()'))).rejects.toThrow(/'x' is Mine, which cannot be saved/);
    v.dispose();
  });

  it('in the fields of custom layers', async () => {
    class Custom extends tf.layers.Layer {
      held: unknown;
      override build(): void {
        const inner = tf.layers.dense({ units: 1, name: 'inner' });
        inner.build([null, 1]);
        this.held = foreign<(layer: unknown) => unknown>("layer => new Map([['a', [layer]]])")(inner);
        this.built = true;
      }
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return shape;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return Array.isArray(inputs) ? inputs[0]! : inputs;
      }
      static className = 'RealmCustom';
    }
    const model = tf.sequential({ layers: [new Custom({ inputShape: [1] } as never)] });
    await saveWeights(model, at('custom'));
    const reader = await CheckpointReader.open(at('custom'));
    expect(reader.names().filter(name => name.includes('/held/a/0/kernel'))).toHaveLength(1);
    await reader.close();
    (await loadWeights(model, at('custom'), { include: foreign('/kernel/') })).assertNontrivialMatch();
  });
});

describe('elements of datasets', () => {
  it('literals are walked, typed arrays are data, promises are refused', async () => {
    const dataset = Dataset.fromTensorSlices(foreign<{ xs: never }>('({ xs: Float32Array.of(1, 2) })'));
    expect(await dataset.toArray()).toEqual([{ xs: 1 }, { xs: 2 }]);
    expect(() => Dataset.fromTensorSlices(foreign('new DataView(new ArrayBuffer(2))') as never)).toThrow(
      /not DataView/,
    );
    const promised = Dataset.fromArray([1]).map(foreign<(x: number) => never>('x => Promise.resolve(x)'));
    await expect(promised.toArray()).rejects.toThrow(/use mapAsync/);
    const zipped = Dataset.zip(foreign<(d: unknown) => never>('d => ({ d })')(Dataset.fromArray([1])));
    expect(await zipped.toArray()).toEqual([{ d: 1 }]);
  });

  it('held in an iterator, they are saved with it', async () => {
    const items = foreign<Uint8Array[]>('[1, 2, 3, 4].map(x => ({ f: Float32Array.of(x), b: Uint8Array.of(x) }))');
    const iterator = await Dataset.fromArray(items).shuffle(3, 'seed').iterator();
    await iterator.next();
    const prefix = await new Checkpoint({ iterator }).write(at('iterator'));
    const rest = await iterator.toArray();
    const again = await Dataset.fromArray(items).shuffle(3, 'seed').iterator();
    await new Checkpoint({ iterator: again }).read(prefix);
    expect((await again.toArray()).map(String)).toEqual(rest.map(String));
  });
});

it('options and maps of names', async () => {
  const v = tf.variable(tf.scalar(3), true, 'realm/v');
  const prefix = await new Checkpoint({ v }).write(at('named'));
  await initFromCheckpoint(prefix, foreign("({ 'v': 'realm/v' })"));
  const backup = new BackupAndRestore(
    foreign<(d: string) => never>('backupDir => ({ backupDir, writer: {} })')(at('b')),
  );
  expect(backup).toBeInstanceOf(BackupAndRestore);
  v.dispose();
});

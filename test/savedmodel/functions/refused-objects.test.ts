/** What saveModel refuses of objects with functions, and which signatures it chooses. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adam } from '../../../src/optimizers.js';
import { func, saveModel } from '../../../src/savedmodel.js';
import { Counter } from '../../../src/tfjs.js';
import { describeSavedModel, type SavedModelDescription } from '../../../src/training/savedmodel/shown/describe.js';

const SCALAR = [{ shape: [], dtype: 'float32' }] as const;

let directory: string;
let w: tf.Variable;
let other: tf.Variable;

const assigning = func(x => {
  other.assign(x as tf.Scalar);
  return x.add(1);
}, SCALAR);
const identity = func(x => x.clone(), SCALAR);
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle refused objects '));
  w = tf.variable(tf.tensor1d([1, 2]), true, 'w');
  other = tf.variable(tf.scalar(3), true, 'other');
});

afterAll(async () => {
  tf.disposeVariables();
  await rm(directory, { recursive: true, force: true });
});

function makeModel(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
}

type Save = (dir: string) => Promise<void>;

const REFUSED: readonly (readonly [what: string, save: Save, message: RegExp])[] = [
  [
    'a function that reads a variable of nobody',
    dir => saveModel({ w, f: func(x => x.mul(other), SCALAR) }, dir),
    /function 'f' uses the variable 'other' \(float32 \[\]\), which is not in the object; add it/,
  ],
  [
    'a function that assigns one',
    dir => saveModel({ inner: { g: assigning } }, dir),
    /function 'g' uses the variable 'other'/,
  ],
  [
    'a signature that does',
    dir => saveModel({ w }, dir, { signatures: { s: func(x => x.mul(other), SCALAR) } }),
    /function 's' uses the variable 'other'/,
  ],
  [
    'a signature of a model that does',
    dir => saveModel(makeModel(), dir, { signatures: func(x => x.mul(other), SCALAR) }),
    /function 'serving_default' uses the variable 'other' .*which is not in the model; give it as `extra`/,
  ],
  [
    'names of TensorFlow',
    dir => saveModel({ signatures: identity }, dir),
    /'signatures' is an attribute that TensorFlow/,
  ],
  ['options of models', dir => saveModel({ w }, dir, { includeOptimizer: true } as object), /are for models/],
  ['a lone variable', dir => saveModel(w as never, dir), /not a variable itself; put it into an object/],
  ['a lone function', dir => saveModel(identity as never, dir), /not a function itself/],
  ['a lone layer', dir => saveModel(makeModel().layers[0] as never, dir), /not a layer itself/],
  [
    'a plain function',
    dir => saveModel({ f: () => tf.scalar(1) } as never, dir),
    /'object\.f' is function, which cannot .* must be made by func/,
  ],
  ['an empty object', dir => saveModel({}, dir), /there is nothing in the object/],
  ['an array', dir => saveModel([identity] as never, dir), /not an array itself/],
  ['no object', dir => saveModel(undefined as never, dir), /saveModel takes a model, or an object/],
  [
    'no functions as signatures',
    dir => saveModel({ w }, dir, { signatures: { a: w } as never }),
    /signatures\.a must be/,
  ],
  ['no signatures', dir => saveModel({ w }, dir, { signatures: 'f' as never }), /signatures must be a function/],
  [
    'names that no signature can have',
    dir => saveModel({ w }, dir, { signatures: { 'a b': identity } }),
    /'a b' cannot be the name of a signature/,
  ],
  [
    'a name that makes a promise of an object',
    dir => saveModel({ w }, dir, { signatures: Object.fromEntries([['then', identity]]) }),
    /'then' cannot be the name of a signature/,
  ],
  [
    'the name of what TensorFlow runs first',
    dir => saveModel({ w }, dir, { signatures: { __saved_model_init_op: identity } }),
    /cannot be the name of a signature/,
  ],
  [
    'default signatures of such names',
    dir => saveModel({ é: identity, f: func(x => x.add(1), SCALAR) }, dir),
    /'é' cannot be the name of a signature .* give signatures/,
  ],
];

describe('saveModel refuses', () => {
  it.each(REFUSED)('%s', async (_, save, message) => {
    const dir = at('refused');
    const error = await save(dir).then(
      () => undefined,
      (one: Error) => one,
    );
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect(existsSync(dir)).toBe(false);
  });

  it('a function that cannot become a graph, and names it', async () => {
    const f = func(x => tf.scalar(x.dataSync()[0]! * 2), SCALAR);
    await expect(saveModel({ inner: { f } }, at('refused'))).rejects.toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
      message: expect.stringMatching(/^function 'f': /),
    });
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('passes on what the function throws', async () => {
    const f = func(() => {
      throw new RangeError('mine');
    }, SCALAR);
    await expect(saveModel({ f } as object as { f: typeof identity }, at('refused'))).rejects.toThrow(
      new RangeError('mine'),
    );
  });
});

async function shownAfter(save: Save): Promise<SavedModelDescription> {
  await save(at('shown'));
  return await describeSavedModel(at('shown'));
}

const namesOf = ({ signatures }: SavedModelDescription): string[] => signatures.map(({ name }) => name);

describe('signatures by default', () => {
  const plus = func(x => x.add(1), SCALAR);

  it.each<[what: string, object: Record<string, object>, names: readonly string[]]>([
    ['none without functions', { step: new Counter(1) }, []],
    ['the one function', { identity }, ['serving_default']],
    ['the one function, wherever it is', { a: { b: [identity] } }, ['serving_default']],
    ['the one function under two names', { a: identity, b: identity }, ['serving_default']],
    [
      'each of the object’s own',
      { identity, plus, inner: { more: func(x => x.sub(1), SCALAR) } },
      ['identity', 'plus'],
    ],
    ['`predict` twice', { identity, predict: plus }, ['identity', 'predict', 'serving_default']],
    ['`call` before `predict`', { call: identity, predict: plus }, ['call', 'predict', 'serving_default']],
    ['one that is called so', { serving_default: identity, call: plus }, ['call', 'serving_default']],
    ['none if all are further in', { inner: { identity, plus } }, []],
  ])('%s', async (_, object, names) => {
    expect(namesOf(await shownAfter(dir => saveModel(object as Record<string, never>, dir)))).toEqual(names);
  });

  it('are none for a model without traces', async () => {
    const shown = await shownAfter(dir => saveModel(makeModel(), dir, { saveTraces: false }));
    expect([namesOf(shown), shown.bytes.graph]).toEqual([[], 0]);
  });
});

describe('an object', () => {
  it('may be a Map, or of a class, and hold itself', async () => {
    const circle: { self?: object } & Record<string, unknown> = { w, identity };
    circle.self = circle;
    class Machine {
      trackedChildren() {
        return { w, identity };
      }
    }
    for (const object of [
      circle,
      new Map<string, object>([
        ['w', w],
        ['identity', identity],
      ]),
      new Machine(),
    ]) {
      const shown = await shownAfter(dir => saveModel(object as Record<string, never>, dir));
      expect(namesOf(shown)).toEqual(['serving_default']);
      expect(shown.variables.map(({ name }) => name)).toEqual(['w']);
    }
  });

  it('may have lists of variables of its own', async () => {
    const shown = await shownAfter(dir => saveModel({ variables: { w }, trainable_variables: [other] }, dir));
    const paths = shown.objects.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['variables', 'trainable_variables', 'variables/w']));
    expect(paths).not.toContain('variables/0');
  });

  it('may have an optimizer, whose variables are not those of the object', async () => {
    const optimizer = new Adam({ learningRate: 0.1 });
    optimizer.minimize(() => w.square().sum() as tf.Scalar, false, [w]);
    const shown = await shownAfter(dir => saveModel({ w, optimizer, identity }, dir));
    expect(shown.variables.length).toBeGreaterThan(3);
    const list = shown.objects.find(({ path }) => path === 'variables');
    expect(list).toMatchObject({ identifier: 'trackable_list_wrapper' });
  });
});

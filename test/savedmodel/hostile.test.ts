/**
 * Damaged and malicious SavedModels: each is described, or refused with a typed error, quickly and in little memory,
 * and nothing stays open.
 */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { savedModelText } from '../../src/cli/terminal/saved-model-text.js';
import { makeStyle } from '../../src/cli/terminal/style.js';
import { TensorBundleError } from '../../src/errors.js';
import { describeSavedModel, type SavedModelDescription } from '../../src/training/savedmodel/shown/describe.js';
import { SavedMetadataSchema, SavedModelSchema } from '../../src/training/savedmodel/stored/messages.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { field, varint } from '../hostile/index-bytes.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('saved-models');
const MAX_MS = 10_000;
/** Far above what these files of a few megabytes need, far below what they ask for. */
const MAX_EXTRA_BYTES = 400 * 1024 * 1024;

type Init = NonNullable<Parameters<typeof create<typeof SavedModelSchema>>[1]>;
type MetaGraph = NonNullable<Init['metaGraphs']>[number];
type Node = NonNullable<NonNullable<MetaGraph['objectGraphDef']>['nodes']>[number];

function model(nodes: readonly Node[], more: Partial<MetaGraph> = {}): Uint8Array {
  const metaGraph = { metaInfoDef: { tags: ['serve'] }, objectGraphDef: { nodes: [...nodes] }, ...more };
  return toBinary(SavedModelSchema, create(SavedModelSchema, { metaGraphs: [metaGraph as MetaGraph] }));
}

function metadata(...texts: readonly string[]): Uint8Array {
  const nodes = texts.map((text, nodeId) => ({ nodeId, metadata: text }));
  return toBinary(SavedMetadataSchema, create(SavedMetadataSchema, { nodes }));
}

function place(bytes: Uint8Array, keras?: Uint8Array): string {
  const path = scratch.directory();
  writeFileSync(join(path, 'saved_model.pb'), bytes);
  if (keras) writeFileSync(join(path, 'keras_metadata.pb'), keras);
  return path;
}

/** The description, also as text and as JSON; or the typed error. */
async function seen(path: string): Promise<SavedModelDescription | TensorBundleError> {
  try {
    const found = await describeSavedModel(path);
    JSON.stringify(found);
    expect(savedModelText(found, 40, makeStyle(false)).length).toBeLessThan(200_000);
    return found;
  } catch (error) {
    if (error instanceof TensorBundleError) return error;
    throw error;
  }
}

async function bounded(path: string): Promise<SavedModelDescription | TensorBundleError> {
  const descriptors = faulty.openDescriptors();
  const memory = process.memoryUsage.rss();
  const start = performance.now();
  const found = await seen(path);
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  expect(process.memoryUsage.rss() - memory).toBeLessThan(MAX_EXTRA_BYTES);
  expect(faulty.openDescriptors()).toBe(descriptors);
  return found;
}

async function described(bytes: Uint8Array, keras?: Uint8Array): Promise<SavedModelDescription> {
  const found = await bounded(place(bytes, keras));
  if (found instanceof TensorBundleError) throw found;
  return found;
}

const layer: Node = { kind: { case: 'userObject', value: { identifier: '_tf_keras_layer' } } };
const SMALL = model(
  [
    {
      children: [
        { nodeId: 1, localName: 'w' },
        { nodeId: 2, localName: 'f' },
      ],
      ...layer,
    },
    { kind: { case: 'variable', value: { dtype: 1, name: 'w', shape: { dim: [{ size: 2n }, { size: -1n }] } } } },
    { kind: { case: 'function', value: { concreteFunctions: ['g'] } } },
  ],
  {
    signatureDef: { serve: { inputs: { x: { name: 'x:0', dtype: 1 } }, methodName: 'm' } },
    assetFileDef: [{ filename: 'a' }],
  },
);

describe('damage', () => {
  test('a file of any shorter length is a typed error', async () => {
    const path = place(SMALL);
    for (let length = 0; length < SMALL.length; length++) {
      writeFileSync(join(path, 'saved_model.pb'), SMALL.subarray(0, length));
      const error = (await seen(path)) as TensorBundleError;
      expect(error.code, String(length)).toBe(length === 0 ? 'ERR_CORRUPT' : 'ERR_TRUNCATED');
      expect(error.path).toBe(join(path, 'saved_model.pb'));
    }
  });

  test('any bit over: described or refused', async () => {
    const path = place(SMALL);
    const codes = new Set<string>();
    for (let bit = 0; bit < 8 * SMALL.length; bit += isDeep ? 1 : 7) {
      const damaged = Uint8Array.from(SMALL);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(join(path, 'saved_model.pb'), damaged);
      const found = await seen(path);
      if (found instanceof TensorBundleError) codes.add(found.code);
    }
    expect([...codes].sort()).toEqual(['ERR_CORRUPT', 'ERR_TRUNCATED']);
  });

  test('random bytes in each of the files', async () => {
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return seed >> 16;
    };
    for (let round = 0; round < (isDeep ? 3000 : 40); round++) {
      const bytes = Uint8Array.from({ length: random() % 200 }, random);
      await seen(place(bytes));
      await seen(place(Uint8Array.from([...field(2, [...field(7, [...bytes])])])));
      await seen(place(SMALL, bytes));
    }
  });

  test.each(['saved_model.pb', 'keras_metadata.pb', 'fingerprint.pb'])('something else in place of %s', async name => {
    const path = place(SMALL);
    const file = join(path, name);
    const replaced = async (make: () => void): Promise<string> => {
      rmSync(file, { recursive: true, force: true });
      make();
      const found = await bounded(path);
      return found instanceof TensorBundleError ? found.code : 'described';
    };
    expect(await replaced(() => mkdirSync(file))).toBe('ERR_NOT_A_CHECKPOINT');
    expect(await replaced(() => execFileSync('mkfifo', [file]))).toBe('ERR_NOT_A_CHECKPOINT');
    expect(await replaced(() => symlinkSync('/dev/zero', file))).toBe('ERR_NOT_A_CHECKPOINT');
    expect(await replaced(() => symlinkSync(file, file))).toMatch(/^ERR_/);
    expect(await replaced(() => symlinkSync('nowhere', file))).toBe(
      name === 'saved_model.pb' ? 'ERR_NOT_FOUND' : 'described',
    );
  });

  test('another form of the file is called by its name', async () => {
    for (const name of ['saved_model.pbtxt', 'saved_model.cpb']) {
      const path = scratch.directory();
      writeFileSync(join(path, name), 'x');
      const error = (await bounded(path)) as TensorBundleError;
      expect(error).toMatchObject({ code: 'ERR_NOT_SUPPORTED', found: name });
    }
  });

  test('a bundle that is damaged, missing or something else is told beside the rest', async () => {
    const path = place(SMALL);
    expect(await bounded(path)).toMatchObject({ bundle: null, bundleError: { code: 'ERR_NOT_FOUND' } });
    mkdirSync(join(path, 'variables'));
    writeFileSync(join(path, 'variables', 'variables.index'), 'no index, though it is longer than a footer is, too');
    expect(await bounded(path)).toMatchObject({ bundle: null, bundleError: { code: 'ERR_NOT_A_CHECKPOINT' } });
    rmSync(join(path, 'variables'), { recursive: true });
    execFileSync('mkfifo', [join(path, 'variables')]);
    const found = (await bounded(path)) as SavedModelDescription;
    expect(found.bundleError?.code).toMatch(/^ERR_/);
    expect(found.variables[0]).toMatchObject({ path: 'w', dtype: 'float32', shape: [2, null], bytes: null, key: null });
    // A model without variables needs none.
    expect(await described(model([layer]))).toMatchObject({ bundle: null, bundleError: null });
  });
});

describe('numbers of objects', () => {
  test.each<[string, Node]>([
    ['a child', { children: [{ nodeId: 7 }] }],
    ['a negative child', { children: [{ nodeId: -1 }] }],
    ['a dependency', { dependencies: [{ nodeId: 7 }] }],
    ['the variable of a slot', { slotVariables: [{ originalVariableNodeId: 7 }] }],
    ['a slot', { slotVariables: [{ slotVariableNodeId: 7 }] }],
  ])('%s that does not exist', async (_name, node) => {
    expect(await bounded(place(model([node])))).toMatchObject({ code: 'ERR_CORRUPT' });
  });

  test('metadata of an object that does not exist', async () => {
    expect(await bounded(place(SMALL, metadata('{}', '{}', '{}', '{}')))).toMatchObject({ code: 'ERR_CORRUPT' });
  });

  test('an object that is its own child, and two that are each the child of the other', async () => {
    const found = await described(
      model([
        {
          children: [
            { nodeId: 0, localName: 'me' },
            { nodeId: 1, localName: 'a' },
          ],
          ...layer,
        },
        { children: [{ nodeId: 2, localName: 'b' }] },
        {
          children: [
            { nodeId: 1, localName: 'a' },
            { nodeId: 0, localName: 'root' },
          ],
        },
      ]),
    );
    expect(found.objects.map(({ path }) => path)).toEqual(['', 'a', 'a/b']);
  });

  test('slots of slots, and objects that nothing leads to', async () => {
    const slot = (originalVariableNodeId: number, slotVariableNodeId: number): Node => ({
      slotVariables: [{ originalVariableNodeId, slotVariableNodeId, slotName: 'm' }],
    });
    const found = await described(
      model([{ children: [{ nodeId: 1, localName: 'o' }] }, slot(2, 2), slot(3, 3), slot(3, 1), {}]),
    );
    expect(found.objects.map(({ path }) => path)).toEqual(['', 'o', null, null, null]);
  });

  test('a long chain of objects with long names', async () => {
    const name = 'x'.repeat(40);
    const chain = Array.from({ length: 30_000 }, (_, i) => ({
      children: i < 29_999 ? [{ nodeId: i + 1, localName: name }] : [],
    }));
    const { objects } = await described(model(chain));
    expect(Math.max(...objects.map(({ path }) => path!.length))).toBeLessThan(600);
  });

  test('one object with many names', async () => {
    const many = Array.from({ length: 100_000 }, () => ({ nodeId: 1, localName: 'x' }));
    await described(model([{ children: many }, layer]));
  });
});

describe('more in memory than in the file', () => {
  const wrapped = (bytes: Uint8Array): Uint8Array => {
    const graph = Buffer.concat([Buffer.from([0x3a, ...varint(bytes.length)]), bytes]);
    return Buffer.concat([Buffer.from([0x12, ...varint(graph.length)]), graph]);
  };

  test('empty messages of two bytes', async () => {
    // `nodes {}` of the object graph, two million times.
    const nodes = Buffer.alloc(4 * 1024 ** 2, Uint8Array.of(0x0a, 0));
    expect(await bounded(place(wrapped(nodes)))).toMatchObject({ code: 'ERR_TOO_LARGE' });
    // `children {}` of one object.
    const children = Buffer.concat([Buffer.from([0x0a, ...varint(nodes.length)]), nodes]);
    expect(await bounded(place(wrapped(children)))).toMatchObject({ code: 'ERR_TOO_LARGE' });
    // Entries of a map, and `nodes {}` of the metadata.
    const entries = Buffer.alloc(4 * 1024 ** 2, Uint8Array.of(0x12, 0));
    expect(await bounded(place(wrapped(entries)))).toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(await bounded(place(SMALL, nodes))).toMatchObject({ code: 'ERR_TOO_LARGE' });
  });

  test('more objects than there may be', async () => {
    const nodes = Buffer.alloc(300_000 * 12, Uint8Array.of(0x0a, 10, 0x6a, 8, 65, 65, 65, 65, 65, 65, 65, 65));
    expect(await bounded(place(wrapped(nodes)))).toMatchObject({ code: 'ERR_TOO_LARGE', found: 300_000 });
  });

  test('unknown fields, and models without end', async () => {
    expect(await bounded(place(Buffer.alloc(1024 ** 2, Uint8Array.of(0x78, 1))))).toMatchObject({
      code: 'ERR_TOO_LARGE',
    });
    expect(await bounded(place(Buffer.alloc(200, Uint8Array.of(0x12, 0))))).toMatchObject({ code: 'ERR_TOO_LARGE' });
  });

  test('values within values without end', async () => {
    let value: number[] = [];
    for (let i = 0; i < 200; i++) value = field(51, field(1, value));
    const concrete = field(2, [...field(1, [65]), ...field(2, field(4, value))]);
    expect(await bounded(place(wrapped(Uint8Array.from(concrete))))).toMatchObject({ code: 'ERR_CORRUPT' });
  });

  test('many functions that name one large signature', async () => {
    const items = Array.from({ length: 20_000 }, () => ({ kind: { case: 'stringValue' as const, value: 'abcd' } }));
    const outputSignature = { kind: { case: 'listValue' as const, value: { values: items } } };
    const functions = Array.from({ length: 20_000 }, () => ({
      kind: { case: 'function' as const, value: { concreteFunctions: ['g'] } },
    }));
    const root = { children: functions.map((_, i) => ({ nodeId: i + 1, localName: `f${i}` })) };
    const objectGraphDef = { nodes: [root, ...functions], concreteFunctions: { g: { outputSignature } } };
    const found = await described(model([], { objectGraphDef } as Partial<MetaGraph>));
    expect(JSON.stringify(found).length).toBeLessThan(20 * 1024 ** 2);
  });
});

describe('files of gigabytes that hold nothing', () => {
  const sparse = (bytes: number, head: readonly number[] = [], tail: readonly number[] = []): string => {
    const path = scratch.directory();
    const file = join(path, 'saved_model.pb');
    writeFileSync(file, Uint8Array.from(head));
    truncateSync(file, bytes);
    writeSync(openSync(file, 'r+'), Uint8Array.from(tail), 0, tail.length, bytes - tail.length);
    return path;
  };
  const GIB = 1024 ** 3;

  test('zeros', async () => {
    expect(await bounded(sparse(2 * GIB - 1))).toMatchObject({ code: 'ERR_CORRUPT', offset: 0 });
    expect(await bounded(sparse(3 * GIB))).toMatchObject({ code: 'ERR_TOO_LARGE', found: 3 * GIB });
  });

  test('a graph of a gigabyte is not read', async () => {
    const tail = field(7, field(1, []));
    const graph = [0x12, ...varint(GIB)];
    const inner = graph.length + GIB + tail.length;
    const head = [0x12, ...varint(inner), ...graph];
    const found = (await bounded(sparse(head.length + GIB + tail.length, head, tail))) as SavedModelDescription;
    expect(found.bytes).toMatchObject({ graph: GIB, savedModel: head.length + GIB + tail.length });
    expect(found.objects).toHaveLength(1);
  });

  test('an object graph of a gigabyte is refused', async () => {
    const graph = [0x3a, ...varint(GIB)];
    const head = [0x12, ...varint(graph.length + GIB), ...graph];
    expect(await bounded(sparse(head.length + GIB, head))).toMatchObject({ code: 'ERR_TOO_LARGE', found: GIB + 6 });
  });

  test('metadata and fingerprint', async () => {
    for (const name of ['keras_metadata.pb', 'fingerprint.pb']) {
      const path = place(SMALL);
      writeFileSync(join(path, name), '');
      truncateSync(join(path, name), 2 * GIB);
      expect(await bounded(path)).toMatchObject({ code: 'ERR_TOO_LARGE', path: join(path, name) });
    }
  });
});

describe('texts', () => {
  test('names that are not UTF-8', async () => {
    const bad = field(7, field(1, field(13, [0xff, 0xfe])));
    expect(await bounded(place(Uint8Array.from(field(2, bad))))).toMatchObject({ code: 'ERR_CORRUPT' });
    expect(await bounded(place(SMALL, Uint8Array.from(field(1, field(5, [0xff])))))).toMatchObject({
      code: 'ERR_CORRUPT',
    });
  });

  test.each([
    'null',
    '5',
    '[]',
    '"text"',
    '{',
    'NaN',
    '{"class_name": 5, "name": {}}',
    '{"class_name": ["Dense"], "name": null, "keras_version": []}',
    '{"__proto__": {"class_name": "Dense"}}',
  ])('metadata %s has no class', async text => {
    const { objects, writtenBy } = await described(SMALL, metadata(text));
    expect(objects[0]).toMatchObject({ className: null, name: null });
    expect(writtenBy.keras).toBeNull();
  });

  test('deep JSON, and JSON of many values, also in the graph of older versions', async () => {
    const within = (value: string): Uint8Array => model([{ kind: { case: 'userObject', value: { metadata: value } } }]);
    const deep = '['.repeat(100_000);
    expect(await bounded(place(SMALL, metadata(deep)))).toMatchObject({ code: 'ERR_CORRUPT' });
    expect(await bounded(place(within(deep)))).toMatchObject({ code: 'ERR_CORRUPT' });
    const wide = `[${'[],'.repeat(3_000_000)}[]]`;
    expect(await bounded(place(SMALL, metadata(wide)))).toMatchObject({ code: 'ERR_TOO_LARGE' });
    const brackets = `{"name": "\\"${'['.repeat(1000)}"}`;
    expect((await described(SMALL, metadata(brackets))).objects[0]!.name).toHaveLength(1001);
  });

  test('names of JavaScript itself, and of files elsewhere', async () => {
    const names = ['__proto__', 'constructor', 'then', ''];
    const signatureDef = Object.fromEntries(names.map(name => [name, { methodName: 'm' }]));
    Object.defineProperty(signatureDef, '__proto__', { value: { methodName: 'm' }, enumerable: true });
    const assetFileDef = ['../saved_model.pb', '/etc/passwd', '..', '', 'a\0b'].map(filename => ({ filename }));
    const path = place(model([layer], { signatureDef, assetFileDef } as Partial<MetaGraph>));
    mkdirSync(join(path, 'assets'));
    const found = (await bounded(path)) as SavedModelDescription;
    expect(found.signatures.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(found.assets.map(({ bytes }) => bytes)).toEqual([null, null, null, null, null]);
  });

  test('text for a terminal shows controls as codes, and is bounded', async () => {
    const evil = '\u001b[2J\u202e';
    const long = 'y'.repeat(1_000_000);
    const found = await described(
      model(
        [
          {
            children: [
              { nodeId: 1, localName: evil },
              { nodeId: 2, localName: long },
            ],
            ...layer,
          },
          { kind: { case: 'variable', value: { name: evil, dtype: 99 } } },
          { kind: { case: 'function', value: { concreteFunctions: [long] } }, registeredName: evil },
        ],
        {
          metaInfoDef: { tags: [evil, long], tensorflowVersion: evil },
          signatureDef: { [evil]: { inputs: { [long]: { name: long } }, methodName: evil } },
          assetFileDef: [{ filename: evil }, { filename: long }],
        },
      ),
      metadata(JSON.stringify({ class_name: evil, name: long })),
    );
    const text = savedModelText(found, 40, makeStyle(false));
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
    expect(text.length).toBeLessThan(10_000);
  });
});

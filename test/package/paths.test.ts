/**
 * Every place of the public API that takes a path, found from the types, so that none can be forgotten: each takes a
 * `file:` URL as text and as an object, and refuses what is not local before anything is written or read.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chdir, cwd } from 'node:process';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as core from '../../src/index.js';
import * as savedmodel from '../../src/savedmodel.js';
import * as tfjs from '../../src/tfjs.js';
import { encodeTFRecord } from '../../src/tfjs.js';
import { CHECKOUT } from './pack.js';

type Call = (path: core.PathLike) => unknown;

// Characters that a URL spells another way.
const folder = mkdtempSync(join(tmpdir(), 'paths # 50% é? '));
const before = cwd();
beforeAll(async () => {
  chdir(mkdtempSync(join(folder, 'cwd-')));
  const made = join(folder, 'made');
  await tfjs.saveModel(network(), join(made, 'ckpt-1'), { durable: false });
  await savedmodel.saveModel(network(), join(made, 'whole'), { durable: false });
  writeFileSync(join(made, 'rows.csv'), 'a,b\n1,2\n');
  writeFileSync(join(made, 'records'), encodeTFRecord(Uint8Array.of(1)));
});
afterAll(() => {
  chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

function network(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'd' })] });
}

/** A directory with a checkpoint `ckpt-1`, a `checkpoint` file that names it, and data. */
function directory(): string {
  const copy = mkdtempSync(join(folder, 'run '));
  cpSync(join(folder, 'made'), copy, { recursive: true });
  return copy;
}

const stored = (): string => join(directory(), 'ckpt-1');
const fresh = (): string => join(directory(), 'new', 'model');
const inDirectory =
  (name: string): (() => string) =>
  () =>
    join(directory(), name);
const checkpoint = (): tfjs.Checkpoint => new tfjs.Checkpoint({ model: network() });
const manager = (): tfjs.CheckpointManager =>
  new tfjs.CheckpointManager(checkpoint(), join(folder, 'made'), { maxToKeep: null });
const train = async (callback: tf.Callback): Promise<void> => {
  const model = network();
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  await model.fit(tf.ones([2, 1]), tf.ones([2, 1]), { epochs: 1, verbose: 0, callbacks: [callback] });
};
const elements = async (dataset: tfjs.Dataset<unknown>): Promise<void> => {
  expect(await dataset.toArray()).toHaveLength(1);
};
const add = (writer: core.CheckpointWriter): Promise<core.SaveResult> =>
  writer.add('x', { dtype: 'int8', shape: [], data: Int8Array.of(1) }).finish();
const pinned = async (path: core.PathLike, action: 'pin' | 'unpin'): Promise<void> => {
  const one = new tfjs.CheckpointManager(checkpoint(), join(folder, 'pins'), { maxToKeep: null });
  if (one.checkpoints.length === 0) await one.save();
  await one[action](path);
};

const savedAt = async (path: core.PathLike): Promise<core.PathLike> => {
  await savedmodel.saveModel(network(), path, { durable: false });
  return path;
};

/** What is given, where it lies, and the call: null for text that is called like a path and is none. */
const PLACES: Readonly<Record<string, [() => string, Call] | null>> = {
  'CheckpointReader.open path': [stored, async p => (await core.CheckpointReader.open(p)).close()],
  'CheckpointWriter prefix': [fresh, p => add(new core.CheckpointWriter(p))],
  'MisplacedWeightsError path': null,
  'RestoreMismatchError outcome.path': null,
  'TensorBundleError details.path': null,
  'checkpointExists path': [stored, async p => expect(await core.checkpointExists(p)).toBe(true)],
  'copyCheckpoint from': [stored, p => core.copyCheckpoint(p, fresh())],
  'copyCheckpoint to': [fresh, p => core.copyCheckpoint(stored(), p)],
  'latestCheckpoint directory': [directory, async p => expect(await core.latestCheckpoint(p)).not.toBeNull()],
  'latestValidCheckpoint directory': [directory, async p => expect(await core.latestValidCheckpoint(p)).not.toBeNull()],
  'listVariables path': [stored, p => core.listVariables(p)],
  'loadVariable path': [stored, p => core.loadVariable(p, '_CHECKPOINTABLE_OBJECT_GRAPH')],
  'mergeCheckpoints from': [stored, p => core.mergeCheckpoints([p], fresh())],
  'mergeCheckpoints to': [fresh, p => core.mergeCheckpoints([stored()], p)],
  'readCheckpointState directory': [directory, async p => expect(await core.readCheckpointState(p)).not.toBeNull()],
  'removeCheckpoint path': [stored, p => core.removeCheckpoint(p)],
  'updateCheckpointState directory': [directory, p => core.updateCheckpointState(p, { modelCheckpointPath: 'x' })],
  'updateCheckpointState update.modelCheckpointPath': [
    stored,
    p => core.updateCheckpointState(directory(), { modelCheckpointPath: p }),
  ],
  'updateCheckpointState update.allModelCheckpointPaths': [
    stored,
    p => core.updateCheckpointState(directory(), { modelCheckpointPath: 'x', allModelCheckpointPaths: [p] }),
  ],
  'verifyCheckpoint path': [stored, async p => expect(await core.verifyCheckpoint(p)).toMatchObject({ ok: true })],

  'BackupAndRestore options.backupDir': [
    () => join(directory(), 'backup'),
    async p => {
      const backup = new tfjs.BackupAndRestore({ backupDir: p });
      await backup.resume(network());
    },
  ],
  'CSVDataset files': [inDirectory('rows.csv'), p => elements(new tfjs.CSVDataset(p))],
  'Checkpoint.read path': [stored, p => checkpoint().read(p)],
  'Checkpoint.restore path': [stored, p => checkpoint().restore(p)],
  'Checkpoint.save prefix': [fresh, p => checkpoint().save(p)],
  'Checkpoint.write prefix': [fresh, p => checkpoint().write(p)],
  'CheckpointManager directory': [directory, p => new tfjs.CheckpointManager(checkpoint(), p, { maxToKeep: 3 }).save()],
  'CheckpointManager.pin path': [() => join(folder, 'pins', 'ckpt-1'), p => pinned(p, 'pin')],
  'CheckpointManager.unpin path': [() => join(folder, 'pins', 'ckpt-1'), p => pinned(p, 'unpin')],
  'CheckpointView.open path': [stored, p => tfjs.CheckpointView.open(p)],
  'ModelCheckpoint options.filepath': [fresh, p => train(new tfjs.ModelCheckpoint({ filepath: p }))],
  'TFRecordDataset files': [inDirectory('records'), p => elements(new tfjs.TFRecordDataset(p))],
  'TextLineDataset files': [inDirectory('records'), p => new tfjs.TextLineDataset(p).toArray()],
  'initFromCheckpoint path': [stored, p => tfjs.initFromCheckpoint(p, {})],
  // A model of Keras's metadata has no signatures: the path was understood if this is what is missing.
  'loadFunctions dir': [
    inDirectory('whole'),
    p =>
      savedmodel.loadFunctions(p).catch((error: Error) => {
        if (!error.message.includes('has no signatures')) throw error;
      }),
  ],
  'loadModel path': [stored, p => tfjs.loadModel(p)],
  'loadWeights path': [stored, p => tfjs.loadWeights(network(), p)],
  'loadModel dir': [fresh, async path => savedmodel.loadModel(await savedAt(path))],
  'saveModel dir': [fresh, path => savedmodel.saveModel(network(), path, { durable: false })],
  'saveModel path': [fresh, p => tfjs.saveModel(network(), p)],
  'saveWeights path': [fresh, p => tfjs.saveWeights(network(), p)],
};

/** `Function parameter`, `Class.method parameter`, `Function options.property`: wherever a path may be. */
function placesOf(entries: readonly string[]): string[] {
  const files = entries.map(entry => join(CHECKOUT, 'src', entry));
  const { config } = ts.readConfigFile(join(CHECKOUT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, CHECKOUT);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = new Set<string>();

  const isInSources = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(join(CHECKOUT, 'src'));
  /** `inside`: whether the properties of an object count too; of a list, its elements do. */
  const look = (place: string, name: string, given: ts.Type, inside: boolean, inList = false): void => {
    for (const type of given.isUnion() ? given.types : [given]) {
      const isText = (type.flags & ts.TypeFlags.String) !== 0;
      const isNamedSo = /^(from|to|prefix)$|(path|dir|directory|file)s?$/i.test(name);
      if (type.symbol?.name === 'URL' || (isText && isNamedSo)) found.add(place);
      if (checker.isArrayType(type)) {
        if (!inList) look(place, name, checker.getTypeArguments(type as ts.TypeReference)[0]!, inside, true);
      } else if (inside && type.getCallSignatures().length === 0) {
        for (const property of type.getProperties())
          if (property.declarations?.some(isInSources))
            look(`${place}.${property.name}`, property.name, checker.getTypeOfSymbol(property), false);
      }
    }
  };
  const signature = (owner: string, one: ts.Signature): void => {
    const declaration = one.getDeclaration() as ts.SignatureDeclaration | undefined;
    if (!declaration || ts.getJSDocTags(declaration).some(tag => tag.tagName.text === 'internal')) return;
    if (!isInSources(declaration) || ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private) return;
    for (const parameter of one.parameters)
      look(`${owner} ${parameter.name}`, parameter.name, checker.getTypeOfSymbol(parameter), true);
  };
  const members = (owner: string, type: ts.Type): void => {
    for (const member of type.getProperties()) {
      const { valueDeclaration } = member;
      const name = valueDeclaration && ts.getNameOfDeclaration(valueDeclaration);
      // A method or a field with a function.
      if (name && ts.isPrivateIdentifier(name)) continue;
      for (const one of checker.getTypeOfSymbol(member).getCallSignatures()) signature(`${owner}.${member.name}`, one);
    }
  };
  for (const file of files) {
    const exports = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
    for (const symbol of exports) {
      const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (!(declared.flags & ts.SymbolFlags.Value)) continue;
      const type = checker.getTypeOfSymbol(declared);
      for (const one of type.getCallSignatures()) signature(symbol.name, one);
      for (const one of type.getConstructSignatures()) {
        signature(symbol.name, one);
        members(symbol.name, one.getReturnType());
      }
      if (type.getConstructSignatures().length > 0) members(symbol.name, type);
    }
  }
  return [...found].sort();
}

// TypeScript looks for the types of Node from the current directory.
const FOUND = placesOf(['index.ts', 'tfjs.ts', 'optimizers.ts', 'savedmodel.ts']);

test('these are all places', () => {
  const { exports } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { exports: object };
  expect(Object.keys(exports)).toEqual(['.', './tfjs', './optimizers', './savedmodel', './register', './package.json']);
  expect(FOUND).toEqual(Object.keys(PLACES).sort());
});

const LOCAL = Object.entries(PLACES).flatMap(([place, given]) => (given ? [[place, ...given] as const] : []));

describe.each(LOCAL)('%s', (_place, where, call) => {
  test('a path, a file: URL as text, a URL object', async () => {
    await call(where());
    await call(pathToFileURL(where()).href);
    await call(pathToFileURL(where()));
    // As another realm's.
    const { href, protocol } = pathToFileURL(where());
    await call({ href, protocol } as URL);
    expect(readdirSync('.')).toEqual([]);
  });

  const elsewhere: [core.PathLike, string][] = [
    ['gs://bucket/run', 'gs'],
    ['s3://bucket/run', 's3'],
    ['hdfs://node/run', 'hdfs'],
    ['http://host/run', 'http'],
    ['https://host/run', 'https'],
    ['ram://run/model', 'ram'],
    ['az://container/run', 'az'],
    ['memory://run', 'memory'],
    ['ckpt://run/model', 'ckpt'],
    ['GS://bucket/run', 'gs'],
    ['any+thing-else.9://run', 'any+thing-else.9'],
    [new URL('s3://bucket/run'), 's3'],
    [new URL('https://host/run'), 'https'],
    [new URL('data:text/plain,run'), 'data'],
  ];
  test.each(elsewhere)('%s is not local', async (path, scheme) => {
    const error = await (async () => call(path))().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TensorBundleError', code: 'ERR_NOT_SUPPORTED', found: scheme });
    expect(error).toMatchObject({ path: String(path), message: expect.stringContaining(`'${scheme}'`) });
    expect(readdirSync('.')).toEqual([]);
  });

  test.each([
    'file://host/run',
    'file://./run',
    'file://run',
    'file:///run%2Fmodel',
    'file:///50%',
    'file:///run?x',
    'file:///run#x',
  ])('%s names no local file', async path => {
    const error = await (async () => call(path))().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TensorBundleError', code: 'ERR_INVALID_ARGUMENT', path });
    expect(readdirSync('.')).toEqual([]);
    expect(existsSync('/run?x')).toBe(false);
  });

  test.each([undefined, null, 7, {}, Promise.resolve('x'), Buffer.from('x')])('%s is no path', async path => {
    // `restore(null)` restores nothing.
    if (path === null && _place === 'Checkpoint.restore path') return;
    await expect((async () => call(path as unknown as string))()).rejects.toMatchObject({
      name: 'TensorBundleError',
      code: 'ERR_INVALID_ARGUMENT',
    });
    expect(readdirSync('.')).toEqual([]);
  });
});

test('what is read before a path is refused: nothing', () => {
  mkdirSync(join(folder, 'pins'), { recursive: true });
  expect(manager().latestCheckpoint).toBe(join(folder, 'made', 'ckpt-1'));
});

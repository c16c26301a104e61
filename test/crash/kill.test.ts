/**
 * A save killed before each operation that writes: what is left is exactly the old or exactly the new checkpoint, for
 * this library's reader and for real TensorFlow, and the next save leaves nothing else behind.
 */
import { cpSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { removeCheckpoint, type WriterOptions } from '../../src/index.js';
import { isDeep } from '../depth.js';
import type { Fault } from '../native/fault-binding.js';
import { OracleError, type OracleTensor, oracle } from '../oracle/oracle.js';
import { type ChildRun, runChild, writePoints } from './child.js';
import { type FoundTensor, filesOf, onlyGeneration, save, savedAt, saveNumberOf, tensorsOf } from './generation.js';
import { Scratch } from './scratch.js';

const scratch = new Scratch('kill');
const OLD = 11;
const NEW = 22;
const NEXT = 33;
let kills = 0;
let states = 0;

interface Scenario {
  name: string;
  /** Makes what is there before; the save number that must be readable afterwards, null for none. */
  before(prefix: string): Promise<number | null>;
  run: ChildRun;
  /** What is left if the killed run had come to its end. */
  after: number | null;
  /** Saves after the crash until only one generation is left. */
  recovery: number;
}

const overwrite = (options: WriterOptions): ChildRun => ({ tensors: tensorsOf(NEW), options });

async function old(prefix: string, options: WriterOptions = {}): Promise<number> {
  await save(prefix, OLD, options);
  return OLD;
}

/** A save over OLD that died after its shards were written. */
async function oldAndDeadSave(prefix: string): Promise<number> {
  await save(prefix, OLD, { shards: 2 });
  const fault: Fault = { at: 1, syscall: 'rename', action: 'kill' };
  const dead = await runChild({ prefix, tensors: tensorsOf(99), options: { shards: 2 }, faults: [fault] });
  expect(dead.killed).toBe(true);
  expect(filesOf(prefix).some(name => name.includes('.intent-'))).toBe(true);
  return OLD;
}

/** A save over OLD that committed and died before it removed anything: the next one has two generations to clean. */
async function committedAndUnclean(prefix: string): Promise<number> {
  await save(prefix, 99, { shards: 2 });
  const fault: Fault = { at: 1, syscall: 'unlink', action: 'kill' };
  const dead = await runChild({ prefix, tensors: tensorsOf(OLD), options: { shards: 2 }, faults: [fault] });
  expect(dead.killed).toBe(true);
  return OLD;
}

const scenarios: Scenario[] = [
  { name: 'a fresh save', before: async () => null, run: overwrite({ shards: 2 }), after: NEW, recovery: 1 },
  {
    name: 'a fresh save into missing directories',
    before: async () => null,
    run: { ...overwrite({}), prefix: 'new/deep/model' },
    after: NEW,
    recovery: 1,
  },
  { name: 'an overwrite', before: p => old(p), run: overwrite({}), after: NEW, recovery: 1 },
  {
    name: 'an overwrite, not durable',
    before: p => old(p, { shards: 2 }),
    run: overwrite({ shards: 2, durable: false }),
    after: NEW,
    recovery: 1,
  },
  {
    name: 'more shards than before',
    before: p => old(p, { shards: 1 }),
    run: overwrite({ shards: 4 }),
    after: NEW,
    recovery: 1,
  },
  {
    name: 'fewer shards than before',
    before: p => old(p, { shards: 4 }),
    run: overwrite({ shards: 1 }),
    after: NEW,
    recovery: 1,
  },
  {
    name: 'a save after a crashed one',
    before: oldAndDeadSave,
    run: overwrite({ shards: 2 }),
    after: NEW,
    recovery: 1,
  },
  {
    name: 'a save after a crash during cleaning',
    before: committedAndUnclean,
    run: overwrite({ shards: 2 }),
    after: NEW,
    recovery: 1,
  },
  {
    name: 'an overwrite that keeps the previous one',
    before: p => old(p, { shards: 2 }),
    run: overwrite({ shards: 2, keepPrevious: true }),
    after: NEW,
    recovery: 1,
  },
  // Data files without an index belong to nobody known: they go once a save has been replaced that is younger.
  { name: 'a removal', before: p => old(p, { shards: 2 }), run: { action: 'remove' }, after: null, recovery: 2 },
];

afterAll(() => {
  console.log(`killed ${kills} times; ${states} directory states read by this library and by TensorFlow`);
});

function valuesOf({ dtype, bytes, strings }: OracleTensor): FoundTensor['data'] {
  if (strings) return strings;
  const copy = Uint8Array.from(bytes).buffer;
  return dtype === 'int32' ? new Int32Array(copy) : new Float32Array(copy);
}

/** What TensorFlow reads in a copy of the directory: reading must not depend on us having read first. */
async function savedAtForTensorFlow(prefix: string): Promise<number | null> {
  const copy = scratch.directory('copy');
  cpSync(dirname(prefix), copy, { recursive: true });
  try {
    const found = await (await oracle()).restoreAll(join(copy, basename(prefix)));
    return saveNumberOf([...found].map(([name, tensor]) => ({ name, data: valuesOf(tensor) })));
  } catch (error) {
    if (error instanceof OracleError && error.type === 'NotFoundError') return null;
    throw error;
  }
}

/** `template` holds what was there before, with its times: the cleaning looks at them. */
async function killedAt(scenario: Scenario, template: string, before: number | null, fault: Fault): Promise<void> {
  const directory = scratch.directory();
  cpSync(template, directory, { recursive: true, preserveTimestamps: true });
  const prefix = join(directory, scenario.run.prefix ?? 'model');
  const child = await runChild({ ...scenario.run, prefix, faults: [fault] });
  expect(child.killed, JSON.stringify(child)).toBe(true);
  kills++;
  const allowed = [before, scenario.after];
  if (existsSync(`${prefix}.index`)) {
    states++;
    const found = await savedAt(prefix);
    expect(allowed).toContain(found);
    expect(await savedAtForTensorFlow(prefix)).toBe(found);
  } else expect(allowed).toContain(null);
  for (let i = 0; i < scenario.recovery; i++) await save(prefix, NEXT + i, { shards: 2 });
  expect(await savedAt(prefix)).toBe(NEXT + scenario.recovery - 1);
  onlyGeneration(prefix);
}

/** Those that differ most; the deep run asks all. */
const FIRST = ['a fresh save', 'an overwrite', 'more shards than before', 'a save after a crashed one', 'a removal'];

describe.each(scenarios.filter(({ name }) => isDeep || FIRST.includes(name)))('$name', scenario => {
  test('leaves the old or the new checkpoint wherever it is killed', async () => {
    const name = scenario.run.prefix ?? 'model';
    const template = scratch.directory('template');
    const before = await scenario.before(join(template, name));
    const directory = scratch.directory();
    cpSync(template, directory, { recursive: true, preserveTimestamps: true });
    const recorded = await runChild({ ...scenario.run, prefix: join(directory, name) });
    expect(recorded.code).toBeUndefined();
    const points = writePoints(recorded.operations, 'kill');
    expect(points.length).toBeGreaterThan(scenario.run.action === 'remove' ? 3 : 8);
    // Two at a time: each is mostly the start of a process.
    const lanes = [0, 1].map(async lane => {
      for (let i = lane; i < points.length; i += 2) {
        await killedAt(scenario, template, before, points[i]!).catch(error => {
          throw new Error(`killed before ${JSON.stringify(points[i])}: ${error.message}`, { cause: error });
        });
      }
    });
    await Promise.all(lanes);
  });
});

test('a removal that was killed is finished by the next removal', async () => {
  const prefix = join(scratch.directory(), 'model');
  await save(prefix, OLD, { shards: 3 });
  const fault: Fault = { at: 2, syscall: 'unlink', action: 'kill' };
  expect((await runChild({ action: 'remove', prefix, faults: [fault] })).killed).toBe(true);
  expect(filesOf(prefix)).not.toEqual([]);
  await removeCheckpoint(prefix);
  expect(filesOf(prefix)).toEqual([]);
});

/**
 * Every operation of a save made to fail, once and for good, with every errno: the old checkpoint is intact or the new
 * one complete, the error is typed, nothing leaks and nothing is left over.
 */
import './fault-engine.js';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { TensorBundleError, type WriterOptions } from '../../src/index.js';
import { isDeep } from '../depth.js';
import { type Fault, faulty, type Operation } from '../native/fault-binding.js';
import { filesOf, onlyGeneration, save, savedAt } from './generation.js';
import { Scratch } from './scratch.js';

const scratch = new Scratch('errno');
const OLD = 5;
const NEW = 6;
let runs = 0;

/** What each errno is to the caller; a sync after the commit is another matter. */
const CODES: Readonly<Record<string, string>> = {
  EIO: 'ERR_IO',
  ENOSPC: 'ERR_NO_SPACE',
  EDQUOT: 'ERR_NO_SPACE',
  EINTR: 'ERR_IO',
  EMFILE: 'ERR_IO',
  EACCES: 'ERR_PERMISSION',
  EROFS: 'ERR_PERMISSION',
};

interface Scenario {
  name: string;
  options: WriterOptions;
  old: WriterOptions | null;
}

const scenarios: Scenario[] = [
  { name: 'an overwrite', options: { shards: 2 }, old: { shards: 2 } },
  { name: 'a fresh save', options: {}, old: null },
  { name: 'an overwrite, not durable', options: { shards: 2, durable: false }, old: { shards: 1 } },
];

afterEach(() => faulty.setFaults(null));
afterAll(() => console.log(`${runs} saves with a fault`));

interface Outcome {
  error: unknown;
  operations: Operation[];
}

async function attempt(prefix: string, options: WriterOptions, faults: readonly Fault[]): Promise<Outcome> {
  faulty.setFaults(faults);
  let error: unknown = null;
  try {
    await save(prefix, NEW, options);
  } catch (caught) {
    error = caught;
  }
  const operations = faulty.operations();
  faulty.setFaults(null);
  return { error, operations };
}

const failed = (operation: Operation): boolean => operation.result < 0;

/** A failing sync must be the last one of its file within the save. */
function checkSyncs(operations: readonly Operation[]): void {
  const broken = new Set<string>();
  for (const operation of operations) {
    if (operation.syscall !== 'fsync' && operation.syscall !== 'fdatasync') continue;
    expect(broken.has(operation.path!), `${operation.path} was synced again after a failure`).toBe(false);
    if (failed(operation)) broken.add(operation.path!);
  }
}

async function check(prefix: string, scenario: Scenario, codes: readonly string[], outcome: Outcome): Promise<void> {
  const { error, operations } = outcome;
  const renamed = operations.findIndex(o => o.syscall === 'rename' && !failed(o));
  const after = renamed < 0 ? [] : operations.slice(renamed + 1);
  const uncertain = after.some(o => o.syscall === 'fsync' && failed(o));
  checkSyncs(operations);
  if (renamed >= 0) {
    // Whatever fails after the commit: the save stands, and only a failed sync is worth an error.
    if (uncertain) expect((error as TensorBundleError)?.code).toBe('ERR_DURABILITY_UNCERTAIN');
    else expect(error).toBeNull();
    expect(await savedAt(prefix)).toBe(NEW);
  } else {
    // A rename that reported an error and could not be looked into afterwards may have happened.
    const tried = operations.findIndex(o => o.syscall === 'rename');
    const unknown = tried >= 0 && operations.slice(tried + 1).some(o => o.syscall === 'stat' && failed(o));
    expect(error).toBeInstanceOf(TensorBundleError);
    expect(unknown ? ['ERR_DURABILITY_UNCERTAIN'] : codes).toContain((error as TensorBundleError).code);
    expect((error as TensorBundleError).path).toContain(dirname(prefix));
    if (scenario.old === null) expect(filesOf(prefix).includes(`${basename(prefix)}.index`)).toBe(false);
    else expect(await savedAt(prefix)).toBe(OLD);
    const stuck = unknown || operations.some(o => o.syscall === 'unlink' && failed(o));
    if (!stuck) {
      if (scenario.old === null) expect(readdirSync(dirname(prefix))).toEqual([]);
      else onlyGeneration(prefix);
    }
  }
  expect(faulty.openDescriptors()).toBe(0);
  await save(prefix, NEW + 1, { shards: 2 });
  expect(await savedAt(prefix)).toBe(NEW + 1);
  onlyGeneration(prefix);
  expect(faulty.openDescriptors()).toBe(0);
}

async function run(scenario: Scenario, fault: Fault): Promise<void> {
  const prefix = join(scratch.directory(), 'model');
  if (scenario.old) await save(prefix, OLD, scenario.old);
  const outcome = await attempt(prefix, scenario.options, [fault]);
  runs++;
  const codes = fault.action === 'error' ? [CODES[fault.errno!]!] : [];
  await check(prefix, scenario, codes, outcome).catch(error => {
    const got = outcome.error === null ? 'no error' : String(outcome.error);
    throw new Error(`${JSON.stringify(fault)}: ${error.message}\nthe save gave ${got}`, { cause: error });
  });
}

async function recorded(scenario: Scenario): Promise<Operation[]> {
  const prefix = join(scratch.directory(), 'model');
  if (scenario.old) await save(prefix, OLD, scenario.old);
  const { error, operations } = await attempt(prefix, scenario.options, []);
  expect(error).toBeNull();
  return operations;
}

/** The k-th call of each kind: the order of all calls is not fixed, their counts are. */
function callsOf(operations: readonly Operation[]): { syscall: string; at: number }[] {
  const seen = new Map<string, number>();
  return operations.map(({ syscall }) => {
    const at = (seen.get(syscall) ?? 0) + 1;
    seen.set(syscall, at);
    return { syscall, at };
  });
}

const ONCE = isDeep ? Object.keys(CODES) : ['EIO', 'EMFILE', 'EACCES'];
/** Of errors that stay. */
const LASTING = isDeep ? Object.keys(CODES) : ['EIO', 'ENOSPC'];

describe.each(scenarios)('$name', scenario => {
  test.each(ONCE)('every call fails once with %s', async errno => {
    for (const call of callsOf(await recorded(scenario))) await run(scenario, { ...call, action: 'error', errno });
  });

  test.each(LASTING)('every call of a kind fails from one on with %s', async errno => {
    for (const call of callsOf(await recorded(scenario)))
      await run(scenario, { ...call, action: 'error', errno, sticky: true });
  });

  test.each(isDeep ? ['EIO', 'ENOSPC', 'EMFILE'] : ['ENOSPC'])(
    'everything fails from one call on with %s',
    async errno => {
      const count = (await recorded(scenario)).length;
      for (let at = 1; at <= count; at++) await run(scenario, { at, action: 'error', errno, sticky: true });
    },
  );

  test.each([false, true])('short writes and reads change nothing (sticky: %s)', async sticky => {
    for (const call of callsOf(await recorded(scenario))) await run(scenario, { ...call, action: 'short', sticky });
  });
});

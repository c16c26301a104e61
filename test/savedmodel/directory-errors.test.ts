/**
 * Every file operation of an overwrite of a whole directory made to fail, once and for good: the old model is whole or
 * the new one is, the error is typed, nothing leaks, and the next save leaves nothing over.
 */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { TensorBundleError } from '../../src/index.js';
import { CODES, type NumberedCall, numbered, spread } from '../crash/failing-calls.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { type Fault, faulty, type Operation } from '../native/fault-binding.js';
import { type ModelOptions, modelAt, saveModelAt } from './saved-files.js';

const scratch = new Scratch('directory-errors');
afterEach(() => faulty.setFaults(null));

/** Beside the deep run, so many of the calls. */
const SPREAD = 10;
const OLD = 5;
const NEW = 6;

interface Scenario {
  name: string;
  isFresh?: boolean;
  options?: ModelOptions;
  /** Beside the fault that is tried. */
  always?: Fault;
}

const scenarios: Scenario[] = [
  { name: 'an overwrite' },
  { name: 'an overwrite, not durable', options: { durable: false } },
  { name: 'a fresh save', isFresh: true },
  {
    name: 'an overwrite in place',
    always: { at: 1, syscall: 'renameat2', action: 'error', errno: 'EOPNOTSUPP', sticky: true },
  },
];

const failed = ({ result }: Operation): boolean => result < 0;

interface Outcome {
  error: unknown;
  operations: Operation[];
  path: string;
}

async function attempt({ isFresh, options, always }: Scenario, faults: readonly Fault[]): Promise<Outcome> {
  const path = join(scratch.directory(), 'm');
  if (!isFresh) await saveModelAt(path, OLD);
  faulty.setFaults([...(always ? [always] : []), ...faults]);
  const error = await saveModelAt(path, NEW, options).then(
    () => null,
    caught => caught as unknown,
  );
  const operations = faulty.operations();
  faulty.setFaults(null);
  return { error, operations, path };
}

async function check(scenario: Scenario, errno: string, { error, operations, path }: Outcome): Promise<void> {
  const parent = join(path, '..');
  if (error !== null) {
    expect(error).toBeInstanceOf(TensorBundleError);
    expect([CODES[errno], 'ERR_DURABILITY_UNCERTAIN']).toContain((error as TensorBundleError).code);
    expect((error as TensorBundleError).path).toContain(parent);
  }
  expect(faulty.openDescriptors()).toBe(0);
  const isUncertain = (error as TensorBundleError | null)?.code === 'ERR_DURABILITY_UNCERTAIN';
  // In place, the checkpoint is there before the other files are, and nobody knows what a rename without an answer did.
  const isHalf = /the other files could not be replaced|the commit of .* reported an error/.test(String(error));
  if (!isHalf || !scenario.always) {
    expect(String(error)).not.toContain('could not be replaced');
    const found = await modelAt(path);
    const old = scenario.isFresh ? null : OLD;
    if (error === null) expect(found).toBe(NEW);
    else if (isUncertain) expect([old, NEW]).toContain(found);
    else expect(found).toBe(old);
    // What cannot be looked at or removed stays, and so does everything after a commit that is not certain.
    const isStuck = operations.some(
      one => failed(one) && /^(unlink|rmdir|readdir|stat|open|fchmod)$/.test(one.syscall),
    );
    if (!isUncertain && !isStuck) expect(readdirSync(parent)).toEqual(found === null ? [] : ['m']);
  }
  await saveModelAt(path, NEW + 1);
  expect(await modelAt(path)).toBe(NEW + 1);
  expect(readdirSync(parent)).toEqual(['m']);
  expect(faulty.openDescriptors()).toBe(0);
}

let runs = 0;
afterAll(() => console.log(`${runs} saves of a directory with a fault`));

async function run(scenario: Scenario, fault: Fault): Promise<void> {
  const outcome = await attempt(scenario, [fault]);
  runs++;
  await check(scenario, fault.errno!, outcome).catch(error => {
    const got = outcome.error === null ? 'no error' : String(outcome.error);
    throw new Error(`${JSON.stringify(fault)}: ${(error as Error).message}\nthe save gave ${got}`, { cause: error });
  });
}

async function callsOf(scenario: Scenario): Promise<NumberedCall[]> {
  const { error, operations } = await attempt(scenario, []);
  expect(error).toBeNull();
  // That is what `always` does.
  return numbered(operations).filter(({ syscall }) => scenario.always?.syscall !== syscall);
}

describe.each(scenarios)('$name', scenario => {
  test.each(isDeep ? Object.keys(CODES) : ['EIO'])('every call fails once with %s', async errno => {
    for (const call of spread(await callsOf(scenario), SPREAD))
      await run(scenario, { ...call, action: 'error', errno });
  });

  test.each(isDeep ? Object.keys(CODES) : [])('every call of a kind fails from one on with %s', async errno => {
    for (const call of await callsOf(scenario)) await run(scenario, { ...call, action: 'error', errno, sticky: true });
  });

  test.each(isDeep ? ['EIO', 'ENOSPC', 'EMFILE'] : ['ENOSPC'])('all fails from one call on with %s', async errno => {
    const { operations } = await attempt(scenario, []);
    const all = operations.map((_, i) => i + 1);
    for (const at of spread(all, SPREAD)) await run(scenario, { at, action: 'error', errno, sticky: true });
  });
});

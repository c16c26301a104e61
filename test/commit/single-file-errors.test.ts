/**
 * Every file operation of a save of one file made to fail, once and for good: the old file is whole or the new one is,
 * the error is typed, nothing leaks, and the next save leaves nothing over.
 */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import { CODES, type NumberedCall, numbered, spread } from '../crash/failing-calls.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { type Fault, faulty, type Operation } from '../native/fault-binding.js';
import { numberIn, saveAt } from './saved-file.js';

const scratch = new Scratch('single-file-errors');
afterEach(() => faulty.setFaults(null));

/** Beside the deep run, so many of the calls. */
const SPREAD = 12;
const [OLD, NEW, NEXT] = [5, 6, 7];
/** The fast run writes less; the deep one several parts. */
const LARGE = isDeep ? 600_000 : 20_000;

interface Scenario {
  name: string;
  durable: boolean;
  isFresh?: boolean;
}

const scenarios: Scenario[] = [
  { name: 'an overwrite', durable: true },
  { name: 'an overwrite, not durable', durable: false },
  { name: 'a fresh save', durable: true, isFresh: true },
];

interface Outcome {
  error: unknown;
  operations: Operation[];
  path: string;
}

async function attempt({ isFresh, durable }: Scenario, faults: readonly Fault[]): Promise<Outcome> {
  const path = join(scratch.directory(), 'm.h5');
  if (!isFresh) await saveAt(path, OLD, {}, LARGE);
  faulty.setFaults(faults);
  const error = await saveAt(path, NEW, { durable }, LARGE).then(
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
  const old = scenario.isFresh ? null : OLD;
  const isUncertain = (error as TensorBundleError | null)?.code === 'ERR_DURABILITY_UNCERTAIN';
  const found = await numberIn(path, [OLD, NEW], LARGE);
  if (error === null) expect(found).toBe(NEW);
  else if (isUncertain) expect([old, NEW]).toContain(found);
  else expect(found).toBe(old);
  // What cannot be looked at or removed stays for the next save.
  const isStuck = operations.some(({ result, syscall }) => result < 0 && /^(unlink|stat|open)$/.test(syscall));
  if (!isStuck) expect(readdirSync(parent)).toEqual(found === null ? [] : ['m.h5']);
  await saveAt(path, NEXT, {}, LARGE);
  expect(await numberIn(path, [NEXT], LARGE)).toBe(NEXT);
  expect(readdirSync(parent)).toEqual(['m.h5']);
  expect(faulty.openDescriptors()).toBe(0);
}

let runs = 0;
let failures = 0;
afterAll(() => console.log(`${runs} saves of a file with a fault, of which ${failures} failed`));

async function run(scenario: Scenario, fault: Fault): Promise<void> {
  const outcome = await attempt(scenario, [fault]);
  runs++;
  if (outcome.error !== null) failures++;
  await check(scenario, fault.errno!, outcome).catch(error => {
    const got = outcome.error === null ? 'no error' : String(outcome.error);
    throw new Error(`${JSON.stringify(fault)}: ${(error as Error).message}\nthe save gave ${got}`, { cause: error });
  });
}

async function callsOf(scenario: Scenario): Promise<NumberedCall[]> {
  const { error, operations } = await attempt(scenario, []);
  expect(error).toBeNull();
  return numbered(operations);
}

describe.each(scenarios)('$name', scenario => {
  test.each(isDeep ? Object.keys(CODES) : ['EIO'])('every call fails once with %s', async errno => {
    for (const call of spread(await callsOf(scenario), SPREAD))
      await run(scenario, { ...call, action: 'error', errno });
  });

  test.each(isDeep ? ['EIO', 'ENOSPC', 'EMFILE'] : [])(
    'every call of a kind fails from one on with %s',
    async errno => {
      for (const call of await callsOf(scenario))
        await run(scenario, { ...call, action: 'error', errno, sticky: true });
    },
  );

  test.each(isDeep ? ['EIO', 'ENOSPC', 'EMFILE'] : ['ENOSPC'])('all fails from one call on with %s', async errno => {
    const { operations } = await attempt(scenario, []);
    const all = operations.map((_, i) => i + 1);
    for (const at of spread(all, SPREAD)) await run(scenario, { at, action: 'error', errno, sticky: true });
  });

  test('writes are cut short', async () => {
    for (const { syscall, at } of spread(await callsOf(scenario), SPREAD)) {
      if (syscall !== 'pwrite') continue;
      const { error, path } = await attempt(scenario, [{ at, syscall, action: 'short' }]);
      expect([error, await numberIn(path, [NEW], LARGE)]).toEqual([null, NEW]);
    }
  });
});

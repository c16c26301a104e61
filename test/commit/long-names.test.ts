/** TensorFlow writes and reads names of up to 235 bytes (`….data-00000-of-00001` has 255), and so does this. */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { removeOrphans } from '../../src/commit/leftovers.js';
import { intentName, parseIntentName, stemOf, unsyncedName } from '../../src/commit/names.js';
import { latestCheckpoint, removeCheckpoint, updateCheckpointState } from '../../src/index.js';
import { withDirectory } from '../../src/storage/directory.js';
import { runChild } from '../crash/child.js';
import { onlyGeneration, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { oracle } from '../oracle/oracle.js';

const scratch = new Scratch('long');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

const NAMES: Record<string, string> = {
  '214 bytes': 'n'.repeat(214),
  '215 bytes': 'n'.repeat(215),
  '216 bytes': 'n'.repeat(216),
  '219 bytes': 'n'.repeat(219),
  '220 bytes': 'n'.repeat(220),
  '235 bytes': 'n'.repeat(235),
  '234 bytes in characters of two': 'é'.repeat(117),
  '235 bytes in characters of three': `${'模'.repeat(78)}x`,
  '235 bytes in characters of four': `abc${'🙂'.repeat(58)}`,
};

describe.each(Object.keys(NAMES))('%s', label => {
  const base = NAMES[label]!;

  test('saved, overwritten, not synced, killed, cleaned up, removed', async () => {
    const directory = scratch.directory();
    const prefix = join(directory, base);
    await save(prefix, 1);
    await save(prefix, 2, { shards: 2 });
    await save(prefix, 3, { durable: false });
    await save(prefix, 4, { durable: false });
    expect(await savedAt(prefix)).toBe(4);
    for (let round = 0; round < 2; round++) {
      const faults = [{ at: 1, syscall: 'rename', action: 'kill' as const }];
      expect((await runChild({ prefix, tensors: tensorsOf(5), faults })).killed).toBe(true);
      if (round === 0) await save(prefix, 6);
      else
        expect(
          (await withDirectory(directory, opened => removeOrphans(opened, name => name === base)))?.length,
        ).toBeGreaterThan(1);
      expect(await savedAt(prefix)).toBe(6);
      onlyGeneration(prefix);
    }
    await updateCheckpointState(directory, { modelCheckpointPath: prefix });
    expect(await latestCheckpoint(directory)).toBe(prefix);
    await removeCheckpoint(prefix);
    expect(readdirSync(directory)).toEqual(['checkpoint']);
  });

  test('TensorFlow reads it', async () => {
    const prefix = join(scratch.directory(), base);
    await save(prefix, 7);
    expect((await (await oracle()).restoreAll(prefix)).size).toBe(tensorsOf(1).length);
  });
});

test('one byte more is an error that names the file', async () => {
  const prefix = join(scratch.directory(), 'n'.repeat(236));
  await expect(save(prefix, 1)).rejects.toMatchObject({
    name: 'TensorBundleError',
    path: expect.stringContaining('n'),
  });
  expect(readdirSync(dirname(prefix))).toEqual([]);
});

test('names that begin alike do not share their intents', () => {
  const [a, b] = [`${'n'.repeat(230)}a`, `${'n'.repeat(230)}b`];
  expect(stemOf(a)).not.toBe(stemOf(b));
  for (const base of [a, b, 'short', 'n'.repeat(215)]) {
    for (const name of [
      intentName(base, 999_999_999, '0123456789abcdef'),
      unsyncedName(base, { total: 99_999, last: 99_998 }),
    ])
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    expect(parseIntentName(base, intentName(base, 12, '0123456789abcdef'))).toBe(12);
  }
  expect(parseIntentName(b, intentName(a, 12, '0123456789abcdef'))).toBeNull();
});

test('a state file with a long name', async () => {
  const directory = scratch.directory();
  const latestFilename = 's'.repeat(250);
  for (let i = 0; i < 2; i++)
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, `m${i}`), latestFilename });
  expect(readdirSync(directory)).toEqual([latestFilename]);
});

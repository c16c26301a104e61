/** How many bytes of the data files a restore reads, and that nothing is assigned before all of it was checked. */
import '../crash/fault-engine.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { restore } from '../../src/graph/restore/restore.js';
import { saveGraph } from '../../src/graph/stored/captured-graph.js';
import { CheckpointReader, type Progress } from '../../src/index.js';
import { faulty } from '../native/fault-binding.js';
import { type Cell, cell, holder } from './tree.js';

const MIB = 1024 * 1024;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-bytes-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function cells(count: number, fill: number): Cell[] {
  return Array.from({ length: count }, (_, i) => cell(`v${i}`, new Float32Array((12 * MIB) / 4).fill(fill), [3 * MIB]));
}

const rootOf = (all: readonly Cell[]) => holder(Object.fromEntries(all.map(({ node }, i) => [`v${i}`, node])));

/** Bytes of data files that were read since the last call of `setFaults`. */
function bytesRead(): number {
  const reads = faulty.operations().filter(({ syscall, path }) => syscall === 'pread' && path?.includes('.data-'));
  return reads.reduce((sum, { result }) => sum + result, 0);
}

it.each([
  ['72 MiB once, if all may be in memory', 6, 1, 72 * MIB],
  ['72 MiB twice, if not', 6, 2, 72 * MIB - 1],
])('%s', async (_what, count, times, onceBytes) => {
  const prefix = join(directory, `times-${times}`);
  await saveGraph(rootOf(cells(count, 1)), prefix);
  const live = cells(count, 0);
  const atAssignment: number[] = [];
  for (const { node } of live) {
    const attribute = node.attributes[0]!;
    const { assign } = attribute;
    attribute.assign = value => {
      atAssignment.push(bytesRead());
      assign.call(attribute, value);
    };
  }
  await using reader = await CheckpointReader.open(prefix);
  const graphBytes = reader.entry('_CHECKPOINTABLE_OBJECT_GRAPH').bytes;
  faulty.setFaults(null);
  await restore(rootOf(live), reader, { onceBytes });
  const bytes = count * 12 * MIB;
  expect(bytesRead()).toBeGreaterThanOrEqual(times * bytes);
  expect(bytesRead()).toBeLessThan(times * bytes + 2 * graphBytes + MIB / 64);
  expect(Math.min(...atAssignment)).toBeGreaterThanOrEqual(bytes);
  // What was read for the next assignments is limited, too.
  for (const [i, read] of atAssignment.entries())
    expect(read).toBeLessThanOrEqual(
      (times === 1 ? bytes : bytes + i * 12 * MIB + 64 * MIB) + 2 * graphBytes + MIB / 64,
    );
  for (const { data } of live) expect((data as Float32Array).every(one => one === 1)).toBe(true);
});

it('an abort leaves what was assigned, and progress ends at the total', async () => {
  const prefix = join(directory, 'aborted');
  await saveGraph(rootOf(cells(6, 1)), prefix);
  /** What was told, and how many were assigned. The signal fires when `when` has been told. */
  const load = async (onceBytes: number | undefined, when: string): Promise<[told: string[], assigned: number]> => {
    const live = cells(6, 0);
    const told: string[] = [];
    const controller = new AbortController();
    const onProgress = ({ phase, bytes, totalBytes }: Progress): void => {
      told.push(`${phase} ${Math.round(bytes / MIB)} of ${Math.round(totalBytes / MIB)}`);
      if (told.at(-1) === when) controller.abort('enough');
    };
    await using reader = await CheckpointReader.open(prefix);
    const loading = restore(rootOf(live), reader, { onceBytes, signal: controller.signal, onProgress });
    if (when === '') await loading;
    else await expect(loading).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
    return [told, live.filter(({ data }) => (data as Float32Array)[0] === 1).length];
  };
  const once = ['read 60 of 72', 'read 72 of 72'];
  expect(await load(72 * MIB, '')).toEqual([once, 6]);
  expect(await load(72 * MIB, once[0]!)).toEqual([once.slice(0, 1), 0]);
  expect(await load(72 * MIB, once[1]!)).toEqual([once, 0]);
  const [twice, all] = await load(0, '');
  expect(all).toBe(6);
  expect(twice.filter(one => one.startsWith('read'))).toEqual([12, 24, 36, 48, 60, 72].map(n => `read ${n} of 72`));
  expect(twice.indexOf('read 12 of 72')).toBe(1 + twice.indexOf('verify 72 of 72'));
  expect((await load(0, 'verify 72 of 72'))[1]).toBe(0);
  expect((await load(0, 'read 12 of 72'))[1]).toBe(0);
  expect((await load(0, 'read 36 of 72'))[1]).toBe(2);
  expect(faulty.openDescriptors()).toBe(0);
});

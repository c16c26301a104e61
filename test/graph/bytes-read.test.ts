/** How many bytes of the data files a restore reads, and that nothing is assigned before all of it was checked. */
import '../crash/fault-engine.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { restore } from '../../src/graph/restore/restore.js';
import { saveGraph } from '../../src/graph/stored/captured-graph.js';
import { CheckpointReader } from '../../src/index.js';
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

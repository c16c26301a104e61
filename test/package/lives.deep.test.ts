/**
 * The lives of a process with the published addon on every version of Node, many times; and every binary for Linux that
 * is not this machine's, under musl's loader and under an emulator.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostTarget, TARGETS } from '../../tools/prebuild/targets.mjs';
import { foreignTargets } from '../../tools/setup/foreign.mjs';
import { isLong } from '../depth.js';
import { installPackage } from './install.js';
import { expectedLives } from './lives/expected.js';
import { installLives, live, start } from './lives/live.js';
import { hostNodes, nodesFor } from './lives/nodes.js';

const REPEAT = isLong ? 8 : 4;
/** An emulated processor is ten times slower. */
const FOREIGN_REPEAT = isLong ? 2 : 1;

let work: string;
let folder: string;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-lives-')));
  ({ folder } = installPackage(work));
  installLives(folder);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(hostNodes())('this machine, Node $version', node => {
  test.each(Object.entries(expectedLives(REPEAT)))('%s', async (name, expected) => {
    expect(await live(node, folder, name, { expected, repeat: REPEAT })).toBeGreaterThan(0);
  });
});

const others = TARGETS.filter(({ name }) => name.startsWith('linux-') && name !== hostTarget());
describe.each(others)('$name', ({ name: target, file }) => {
  const isHere = foreignTargets().some(({ name }) => name === target);

  test('its addon is the one in use, on each Node', async ctx => {
    if (!isHere) ctx.skip('needs x86-64 Debian 12 or 13, whose packages have musl and qemu');
    const code = `await import('tensorbundle');
      console.log(process.report.getReport().sharedObjects.filter(file => file.endsWith('.node')).join());`;
    for (const node of nodesFor(target)) {
      const { stdout, stderr } = await start(node, ['--input-type=module', '-e', code], folder);
      expect(stdout.trim(), stderr).toBe(join(folder, 'node_modules', 'tensorbundle', 'prebuilds', file));
    }
  });

  test.each(isHere ? Object.entries(expectedLives(FOREIGN_REPEAT)) : [])('%s', async (name, expected) => {
    // Under the emulator one Node lives them all; what only one worker loads, each.
    const all = !target.includes('arm64') || name === 'only a worker loads it';
    const nodes = all ? nodesFor(target) : nodesFor(target).slice(-1);
    for (const node of nodes) {
      expect(await live(node, folder, name, { expected, repeat: FOREIGN_REPEAT })).toBeGreaterThan(0);
    }
  });
});

/**
 * The guide "Save and resume a training" does what it says: both languages run, block by block in the order of the
 * page.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Block, blocksOf, type Language, words } from './guide/page.js';
import { Program } from './guide/program.js';
import { CHECKOUT } from './pack.js';

const blocks = blocksOf(readFileSync(join(CHECKOUT, 'docs', 'training.md'), 'utf8'));
let folder: string;
let programs: Readonly<Record<Language, Program>>;
// Each block needs what the ones before it have made: after a failure the rest would only repeat it.
let failed: Block | null = null;

/** Inside the checkout, where `tensorbundle` names the package itself and tfjs-node is installed. */
beforeAll(() => {
  const parent = join(CHECKOUT, '.tools');
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, 'guide-'));
  programs = { python: new Program('python', blocks, folder), js: new Program('js', blocks, folder) };
});
afterAll(async () => {
  for (const program of Object.values(programs)) await program.end();
  rmSync(folder, { recursive: true, force: true });
});

test.each(blocks.map(block => ({ ...block, title: block.code.trim().split('\n')[0] })))(
  'line $line ($language): $title',
  async block => {
    if (failed) throw new Error(`not run: the block in line ${failed.line} failed`);
    failed = block;
    expect(words(await programs[block.language].next())).toBe(block.prints);
    failed = null;
  },
);

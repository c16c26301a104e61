/** Runs the blocks of a page as the tests of one file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKOUT } from '../pack.js';
import { type Block, type Language, words } from './page.js';
import { Program } from './program.js';

/**
 * Declares a test for each block, in the order of the page. `last` is a block in Python that is not on the page; it is
 * run at the end, and the name of its test says what it shows.
 */
export function runBlocks(blocks: readonly Block[], last?: { readonly block: Block; readonly shows: string }): void {
  let folder: string;
  let programs: Readonly<Record<Language, Program>>;

  // Inside the checkout, where `tensorbundle` names the package itself and tfjs-node is installed.
  beforeAll(() => {
    const parent = join(CHECKOUT, '.tools');
    mkdirSync(parent, { recursive: true });
    folder = mkdtempSync(join(parent, 'guide-'));
    programs = {
      python: new Program('python', last ? [...blocks, last.block] : blocks, folder),
      js: new Program('js', blocks, folder),
    };
  });
  afterAll(async () => {
    for (const program of Object.values(programs)) await program.end();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('the blocks, in the order of the page', () => {
    // Each needs what the ones before it have made: after a failure the rest would only repeat it.
    let failed: Block | null = null;

    test.each(blocks.map(block => ({ ...block, title: block.code.trim().split('\n')[0] })))(
      'line $line ($language): $title',
      async block => {
        if (failed) throw new Error(`not run: the block in line ${failed.line} failed`);
        failed = block;
        expect(words(await programs[block.language].next())).toBe(block.prints);
        failed = null;
      },
    );

    if (last === undefined) return;
    test(last.shows, async () => {
      expect(failed).toBeNull();
      expect(words(await programs.python.next())).toBe(last.block.prints);
    });
  });
}

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nextCall } from '../../src/commit/call-order.js';
import { saveDirectory } from '../../src/commit/directories/directory-save.js';
import { isSavedModelFile } from '../../src/savedmodel/own-files.js';
import { save, savedAt } from '../crash/generation.js';

it('works', async () => {
  const d = mkdtempSync(join(tmpdir(), 'swap-'));
  for (const k of [1, 2]) {
    await saveDirectory(join(d, 'm'), { durable: true, call: nextCall() }, isSavedModelFile, async staged => {
      await staged.writeFile('saved_model.pb', Buffer.from(String(k)));
      await staged.makeDirectory('assets');
      await save(join(staged.path, 'variables/variables'), k);
    });
    expect(readdirSync(d)).toEqual(['m']);
    expect(readdirSync(join(d, 'm')).sort()).toEqual(['assets', 'saved_model.pb', 'variables']);
    expect(await savedAt(join(d, 'm/variables/variables'))).toBe(k);
  }
  rmSync(d, { recursive: true });
});

/**
 * Directories with the files of a SavedModel, each of which says which save it is from, so that a mixture of two saves
 * can never be taken for one of them.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { nextCall } from '../../src/commit/call-order.js';
import { type DirectorySaveOptions, saveDirectory } from '../../src/commit/directories/directory-save.js';
import type { StagedDirectory } from '../../src/commit/directories/staged.js';
import { isSavedModelFile } from '../../src/training/savedmodel/stored/own-files.js';
import { save, savedAt } from '../crash/generation.js';

const SMALL = ['keras_metadata.pb', 'fingerprint.pb', 'saved_model.pb'];

export interface ModelOptions extends Partial<DirectorySaveOptions> {
  shards?: number;
  /** Of its small files. Default: all. */
  files?: readonly string[];
  /** Awaited when all but the commit is done. */
  onWritten?: (staged: StagedDirectory) => unknown;
}

const contentOf = (name: string, k: number): string => `${name} of save ${k}`;

/** Save number `k`. */
export async function saveModelAt(path: string, k: number, given: ModelOptions = {}): Promise<void> {
  const { shards = 2, files = SMALL, onWritten, ...options } = given;
  const { durable = true, call = nextCall() } = options;
  await saveDirectory(path, { ...options, durable, call }, isSavedModelFile, async staged => {
    await staged.makeDirectory('assets');
    for (const name of files) await staged.writeFile(name, Buffer.from(contentOf(name, k)));
    await save(join(staged.path, 'variables/variables'), k, { shards, durable });
    await onWritten?.(staged);
  });
}

/** Which save is there, for our reader; null for none. Fails if files of two saves are mixed, or one is missing. */
export async function modelAt(path: string, files = SMALL): Promise<number | null> {
  if (!existsSync(path)) return null;
  const k = await savedAt(join(path, 'variables/variables'));
  const names = readdirSync(path).filter(name => name.endsWith('.pb'));
  expect(names.sort()).toEqual([...files].sort());
  for (const name of names) expect(readFileSync(join(path, name), 'utf8')).toBe(contentOf(name, k));
  return k;
}

/** Everything below a directory, as it was last changed. */
export function stateOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const { ino, mode, size, mtimeMs } = lstatSync(join(path, name));
      return `${name} ${ino} ${mode} ${size} ${mtimeMs}`;
    });
}

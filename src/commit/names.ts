/**
 * Names of the files of a checkpoint. `BASE.index` and `BASE.data-SSSSS-of-NNNNN` are TensorFlow's
 * (core/util/tensor_bundle/naming.cc). Two are ours: `BASE.index.intent-NNNNN-NONCE` is a save in progress, and
 * `BASE.index.unsynced-NNNNN` says that the generation was committed without syncs, over another one.
 */
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { TensorBundleError } from '../errors.js';

export interface ShardName {
  shard: number;
  total: number;
}

const pad = (n: number): string => String(n).padStart(5, '0');

export function indexName(base: string): string {
  return `${base}.index`;
}

export function shardName(base: string, shard: number, total: number): string {
  return `${base}.data-${pad(shard)}-of-${pad(total)}`;
}

export function intentName(base: string, total: number, nonce: string): string {
  return `${stemOf(base)}.index.intent-${pad(total)}-${nonce}`;
}

export function unsyncedName(base: string, total: number): string {
  return `${stemOf(base)}.index.unsynced-${pad(total)}`;
}

/** A file system's limit, in bytes of UTF-8. `BASE.data-00000-of-00001` may use all of it. */
const MAX_NAME_BYTES = 255;
/** What is appended to a stem at the most: `.index.intent-`, nine digits, `-`, and the nonce. */
const LONGEST_ENDING = 14 + 9 + 1 + 16;
const HASH_DIGITS = 16;

/**
 * What the names of our own files begin with: the base, or where that leaves no room its beginning, `~` and a hash of all
 * of it. TensorFlow writes names of up to 235 bytes, and so does this.
 */
export function stemOf(base: string): string {
  const room = MAX_NAME_BYTES - LONGEST_ENDING;
  if (Buffer.byteLength(base) <= room) return base;
  const hash = createHash('sha256').update(base).digest('hex').slice(0, HASH_DIGITS);
  let start = '';
  let bytes = 0;
  for (const char of base) {
    bytes += Buffer.byteLength(char);
    if (bytes > room - 1 - HASH_DIGITS) break;
    start += char;
  }
  return `${start}~${hash}`;
}

/** Exact inverse of `shardName`; null for any other file. */
export function parseShardName(base: string, name: string): ShardName | null {
  if (!name.startsWith(`${base}.data-`)) return null;
  const match = /^(\d{5,9})-of-(\d{5,9})$/.exec(name.slice(base.length + '.data-'.length));
  if (!match) return null;
  const shard = Number(match[1]);
  const total = Number(match[2]);
  return shard < total && shardName(base, shard, total) === name ? { shard, total } : null;
}

/** Total that an intent was made for; null for any other file. */
export function parseIntentName(base: string, name: string): number | null {
  const start = `${stemOf(base)}.index.intent-`;
  if (!name.startsWith(start)) return null;
  const match = /^(\d{5,9})-[0-9a-f]{16}$/.exec(name.slice(start.length));
  return match ? Number(match[1]) : null;
}

/** Total of a generation that was not synced; null for any other file. */
export function parseUnsyncedName(base: string, name: string): number | null {
  const start = `${stemOf(base)}.index.unsynced-`;
  if (!name.startsWith(start)) return null;
  const match = /^\d{5,9}$/.exec(name.slice(start.length));
  return match ? Number(match[0]) : null;
}

/** The stem of the checkpoint that an intent is for; null for any other file. */
export function intentStem(name: string): string | null {
  return /^(.+)\.index\.intent-\d{5,9}-[0-9a-f]{16}$/s.exec(name)?.[1] ?? null;
}

/** 'dir/name.index' and 'dir/name.data-00000-of-00001' name the checkpoint 'dir/name'; null if the path has no such ending. */
export function stripFileSuffix(path: string): string | null {
  const match = /^(.+)(?:\.index|\.data-\d{5,9}-of-\d{5,9})$/s.exec(path);
  return match ? match[1]! : null;
}

/** Throws ERR_INVALID_ARGUMENT for what is no text: a forgotten argument, a Promise that was not awaited. */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path === 'string') return;
  const found = path === null ? 'null' : typeof path;
  throw new TensorBundleError('ERR_INVALID_ARGUMENT', `a path must be a string, not ${found}`, { found });
}

/** Directory and base name of a prefix. Throws ERR_INVALID_ARGUMENT for a prefix that names no file ('' or 'dir/'). */
export function splitPrefix(prefix: string): { directory: string; base: string } {
  checkPath(prefix);
  const base = basename(prefix);
  if (base === '' || base === '.' || base === '..' || /[\\/]$/.test(prefix) || prefix.includes('\0')) {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      `'${prefix}' is not a checkpoint prefix; give a directory and a name, for example 'out/model'`,
      { path: prefix },
    );
  }
  return { directory: dirname(prefix), base };
}

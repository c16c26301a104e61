/**
 * Names of the files of a checkpoint. `BASE.index` and `BASE.data-SSSSS-of-NNNNN` are TensorFlow's
 * (core/util/tensor_bundle/naming.cc). Two are our own: `BASE.index.intent-NNNNN-NONCE` is a save in progress, and
 * `BASE.index.unsynced-NNNNN-over-MMMMM` says that generation N was committed without syncs, and that M is the last
 * durable one.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { native } from '../binding.js';
import { invalidArgument, type TensorBundleError } from '../errors.js';
import { isWellFormed } from '../format/utf8-order.js';

type Crypto = typeof import('node:crypto');

interface ShardName {
  shard: number;
  total: number;
}

export interface UnsyncedName {
  total: number;
  /** Total of the last durable generation. */
  last: number;
}

const pad = (n: number): string => String(n).padStart(5, '0');

/** Loaded only for names without room and where the system gives no random bytes: it takes 3 ms. */
const crypto = (): Crypto => process.getBuiltinModule('node:crypto');

const random = Buffer.alloc(8);

/** 16 random hex digits. */
export function nonce(): string {
  if (!native.fillRandom(random)) crypto().randomFillSync(random);
  return random.toString('hex');
}

export function indexName(base: string): string {
  return `${base}.index`;
}

export function shardName(base: string, shard: number, total: number): string {
  return `${base}.data-${pad(shard)}-of-${pad(total)}`;
}

export function intentName(base: string, total: number, nonce: string): string {
  return `${stemOf(base)}.index.intent-${pad(total)}-${nonce}`;
}

export function unsyncedName(base: string, { total, last }: UnsyncedName): string {
  return `${stemOf(base)}.index.unsynced-${pad(total)}-over-${pad(last)}`;
}

/** A file system's limit, in bytes of UTF-8. `BASE.data-00000-of-00001` may use all of it. */
const MAX_NAME_BYTES = 255;
/**
 * The longest ending after a stem: `.index.intent-`, nine digits, `-`, and the nonce. (The ending of a marker is as
 * long.)
 */
const LONGEST_ENDING = 14 + 9 + 1 + 16;
const HASH_DIGITS = 16;

/**
 * What the names of our own files begin with: the base; or, if that leaves no room, its beginning, `~` and a hash of
 * the whole base. TensorFlow writes names of up to 235 bytes, and so does this library.
 */
export function stemOf(base: string): string {
  const room = MAX_NAME_BYTES - LONGEST_ENDING;
  if (Buffer.byteLength(base) <= room) return base;
  const hash = crypto().createHash('sha256').update(base).digest('hex').slice(0, HASH_DIGITS);
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

/** The total that an intent was made for; null for any other file. */
export function parseIntentName(base: string, name: string): number | null {
  const start = `${stemOf(base)}.index.intent-`;
  if (!name.startsWith(start)) return null;
  const match = /^(\d{5,9})-[0-9a-f]{16}$/.exec(name.slice(start.length));
  return match ? Number(match[1]) : null;
}

/** Null for any other file. */
export function parseUnsyncedName(base: string, name: string): UnsyncedName | null {
  const start = `${stemOf(base)}.index.unsynced-`;
  if (!name.startsWith(start)) return null;
  const match = /^(\d{5,9})-over-(\d{5,9})$/.exec(name.slice(start.length));
  return match ? { total: Number(match[1]), last: Number(match[2]) } : null;
}

/** The stem of the checkpoint that an intent is for ('' for the checkpoint `dir/`); null for any other file. */
export function intentStem(name: string): string | null {
  return /^(.*)\.index\.intent-\d{5,9}-[0-9a-f]{16}$/s.exec(name)?.[1] ?? null;
}

/** The stem of the checkpoint that an intent or a marker belongs to; null for any other file. */
export function ownFileStem(name: string): string | null {
  const ending = /\.index\.(?:intent-\d{5,9}-[0-9a-f]{16}|unsynced-\d{5,9}-over-\d{5,9})$/;
  return ending.test(name) ? name.replace(ending, '') : null;
}

/**
 * 'dir/name.index' and 'dir/name.data-00000-of-00001' name the checkpoint 'dir/name', and 'dir/.index' names 'dir/';
 * null if the path has no such ending.
 */
export function stripFileSuffix(path: string): string | null {
  const match = /^(.*)(?:\.index|\.data-\d{5,9}-of-\d{5,9})$/s.exec(path);
  return match && (match[1] || './');
}

/**
 * Directory and base name of a prefix. A prefix that ends in '/' has the base name '': its index is `.index` in that
 * directory (TensorFlow's `saver.save(session, 'dir/')` writes such files). Throws ERR_INVALID_ARGUMENT for '' and for
 * a NUL character.
 */
export function splitPrefix(prefix: string): { directory: string; base: string } {
  if (prefix === '') throw noPrefix(prefix, 'an empty path names no checkpoint');
  if (prefix.includes('\0')) throw noPrefix(prefix, 'a path must not contain a NUL character');
  if (!isWellFormed(prefix))
    throw noPrefix(prefix, 'a path must not contain a lone surrogate: no file has such a name');
  // node:path would remove a slash or a dot at the end. With a letter behind it, it does not.
  return { directory: dirname(`${prefix}x`), base: basename(`${prefix}x`).slice(0, -1) };
}

/** The prefix in `directory` whose files begin with `base`; ends in '/' where `base` is ''. */
export function joinPrefix(directory: string, base: string): string {
  return join(directory, `${base}x`).slice(0, -1);
}

/**
 * As `splitPrefix`, for a prefix to save under. Also throws ERR_INVALID_ARGUMENT for what everybody takes for a
 * directory ('.', 'dir/..', '/'), although TensorFlow would write files called `..index` there.
 */
export function splitSavePrefix(prefix: string): { directory: string; base: string } {
  const { directory, base } = splitPrefix(prefix);
  if (base === '.' || base === '..' || /^[\\/]+$/.test(prefix))
    throw noPrefix(
      prefix,
      `'${prefix}' is a directory, not a checkpoint prefix; give a directory and a name, for example 'out/model'`,
    );
  return { directory, base };
}

/**
 * A prefix to save under as an absolute path, so that a later change of the current directory does not matter. Throws
 * as `splitSavePrefix`.
 */
export function absolutePrefix(prefix: string): string {
  const { directory, base } = splitSavePrefix(prefix);
  return joinPrefix(resolve(directory), base);
}

function noPrefix(path: string, message: string): TensorBundleError {
  return invalidArgument(message, { path });
}

/**
 * What may stand in which room of native/: no Node-API in the engine, and POSIX below its table of file operations
 * only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const native = fileURLToPath(new URL('../../native', import.meta.url));
/** The one file that knows POSIX. */
const TABLE = 'engine/posix_operations.cc';
/** What is no file operation, but POSIX's: wishes about memory. */
const MEMORY = 'engine/posix_memory.cc';
/** The same: random bytes. */
const RANDOM = 'engine/posix_random.cc';
/** The one file that lists the names of POSIX's errors. */
const ERRORS = 'engine/error.h';
const ROOMS = ['crc32c', 'engine', 'faults', 'node'];

/** Which rooms a room may include from. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  crc32c: ['crc32c'],
  engine: ['crc32c', 'engine'],
  node: ['crc32c', 'engine', 'node'],
  faults: ROOMS,
};

const POSIX = [
  /#include\s*<(?:sys\/[^>]*|unistd\.h|fcntl\.h|dirent\.h|pthread\.h|cerrno|errno\.h|io\.h|windows\.h)>/g,
  /\bstruct\s+(?:stat|statfs|statvfs|timespec|dirent|flock)\b/g,
  /\b(?:mode_t|ssize_t|off_t|off64_t|dev_t|ino_t|nlink_t|pid_t)\b/g,
  /\b(?:O|S|AT|F|LOCK|MAP|PROT|SEEK)_[A-Z]+\b/g,
  /\b(?:sysconf|fsync|fdatasync|pread|pwrite|openat|fstat|fstatat|mmap|munmap|flock|fchmod|fallocate|errno)\b/g,
  /(?<![\w>])::(?:open|close|read|write|stat|rename|unlink|mkdir|fcntl)\s*\(/g,
];
/** Numbers of the system instead of the engine's own (`Error::kEIO`). */
const ERRNO = /\bE(?:[A-Z]{2,}|2BIG)\b/g;

function sources(): { file: string; code: string; includes: string[] }[] {
  return ROOMS.flatMap(room =>
    readdirSync(join(native, room)).map(name => {
      const text = readFileSync(join(native, room, name), 'utf8');
      return {
        file: `${room}/${name}`,
        code: codeOf(text),
        includes: [...text.matchAll(/^\s*#include "([^"]*)"/gm)].map(match => match[1]!),
      };
    }),
  );
}

/** Without comments, and without the texts of strings. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"/g, part => (part.startsWith('"') ? '""' : ''));
}

function found(code: string, patterns: readonly RegExp[]): string[] {
  return patterns.flatMap(pattern => [...code.matchAll(pattern)].map(([text]) => text));
}

test('the engine and the checksum know nothing of Node-API', () => {
  const seen = sources()
    .filter(({ file }) => /^(engine|crc32c)\//.test(file))
    .map(({ file, code }) => [file, found(code, [/#include\s*<(?:napi|node|v8|uv)[^>]*>|\bnapi_\w+|\bNapi::/g])]);
  expect(seen.length).toBeGreaterThan(30);
  expect(seen.filter(([, hits]) => hits!.length > 0)).toEqual([]);
});

test('nothing but the table, wishes about memory and random bytes knows POSIX, and errors are the engine’s own', () => {
  const known = [TABLE, MEMORY, RANDOM];
  const above = sources().filter(({ file }) => /^(engine|node|faults)\//.test(file) && !known.includes(file));
  const seen = above.map(({ file, code }) => [file, found(code, file === ERRORS ? POSIX : [...POSIX, ERRNO])]);
  expect(seen.filter(([, hits]) => hits!.length > 0)).toEqual([]);
  // The patterns see what they are for.
  const table = sources().find(({ file }) => file === TABLE)!.code;
  for (const pattern of POSIX.slice(0, 5)) expect(found(table, [pattern]), String(pattern)).not.toEqual([]);
  expect(found(codeOf('// EIO\nreturn -EIO; f("EPERM", Error::kENOENT);'), [ERRNO])).toEqual(['EIO']);
});

test('a room includes from itself and from the rooms below it, by whole names', () => {
  const wrong = sources().flatMap(({ file, includes }) =>
    includes
      .filter(name => !BELOW[file.split('/')[0]!]!.includes(name.split('/')[0]!))
      .map(name => `${file} includes ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('an export starts work in one way only: run() of node/run.h', () => {
  const starting = sources()
    .filter(({ file, code }) => file.startsWith('node/') && /\.start\(|Deferred|async_work|AsyncWorker/.test(code))
    .map(({ file }) => file);
  // The way itself, and the promise that is rejected for wrong arguments before there is any work.
  expect(starting).toEqual(['node/exports.h', 'node/promised_job.cc', 'node/promised_job.h', 'node/run.h']);
});

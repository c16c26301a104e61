/** Archives for tests, in files. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Archive } from '../../src/archive/archive.js';
import { planArchive } from '../../src/archive/archive-plan.js';
import { withDirectory } from '../../src/storage/directory.js';

/** As this package writes it. */
export async function written(entries: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const plan = planArchive(
    Object.entries(entries).map(([name, bytes]) => ({ name, bytes: bytes.length, pieces: () => [bytes] })),
  );
  const pieces: Uint8Array[] = [];
  for await (const piece of plan.pieces()) pieces.push(Buffer.from(piece));
  const all = Buffer.concat(pieces);
  if (all.length !== plan.bytes) throw new Error(`${all.length} bytes, but ${plan.bytes} were planned`);
  return all;
}

/** What `use` makes of the archive in a file. */
export async function inArchive<T>(path: string, use: (archive: Archive) => Promise<T>): Promise<T> {
  const result = await withDirectory(dirname(path), async directory => {
    const file = (await directory.open(basename(path)))!;
    try {
      return { value: await use(await Archive.open(file)) };
    } finally {
      await file.close();
    }
  });
  return result!.value;
}

/** All entries with their bytes: read whole, checked, and as ranges. */
export async function contentOf(path: string): Promise<Record<string, Buffer>> {
  return await inArchive(path, async archive => {
    const content: Record<string, Buffer> = {};
    for (const { name, bytes } of archive.entries.values()) {
      await archive.check(name);
      content[name] = Buffer.from(await archive.read(name, 1 << 24));
      await using range = await archive.range(name);
      const again = Buffer.alloc(range.size);
      await range.file.read(range.start, again);
      if (!again.equals(content[name]) || bytes !== again.length) throw new Error(`${name}: two contents`);
    }
    return content;
  });
}

/** An entry of `bytes` zeros, which take no place on the disk, and one behind it. */
export async function placeSparse(path: string, bytes: number): Promise<void> {
  const zeros = new Uint8Array(1024 ** 2);
  const plan = planArchive([
    {
      name: 'large',
      bytes,
      *pieces() {
        for (let at = 0; at < bytes; at += zeros.length) yield zeros;
      },
    },
    { name: 'behind', bytes: 5, pieces: () => [Buffer.from('after')] },
  ]);
  const file = openSync(path, 'w');
  let at = 0;
  for await (const piece of plan.pieces()) {
    if (piece !== zeros) writeSync(file, piece, 0, piece.length, at);
    at += piece.length;
  }
  closeSync(file);
  if (at !== plan.bytes) throw new Error(`${at} bytes, but ${plan.bytes} were planned`);
}

export function place(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

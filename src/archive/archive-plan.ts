/**
 * Writes a zip archive as one stream of bytes. Entries are stored, not compressed, as Keras stores them, and their
 * sizes are known before the first byte; so is the size of the archive. The checksum of an entry follows its bytes (a
 * data descriptor), because a stream cannot go back to the header before them. zip64 only where a number needs it.
 *
 * Not by a package: those for Node compute checksums in JavaScript, which takes ten times as long as everything else.
 */
import { crc32 } from 'node:zlib';
import { throwIfAborted } from '../errors.js';
import { centralRecord, descriptor, ending, entryHeader, type WrittenEntry } from './zip-records.js';

export interface EntryToWrite {
  /** With `/` between its parts. */
  readonly name: string;
  readonly bytes: number;
  /** Called once, when the entries before it are written. What it yields may be reused after the next is asked for. */
  pieces(signal?: AbortSignal): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface ArchivePlan {
  readonly bytes: number;
  pieces(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Names must differ. The bytes depend on the entries alone: there are no times in them. */
export function planArchive(entries: readonly EntryToWrite[]): ArchivePlan {
  const planned: WrittenEntry[] = [];
  let at = 0;
  for (const { name, bytes } of entries) {
    const entry = { name, bytes, offset: at, crc: 0 };
    planned.push(entry);
    at += entryHeader(entry).length + bytes + descriptor(entry).length;
  }
  const central = planned.reduce((sum, entry) => sum + centralRecord(entry).length, 0);
  const size = at + central + ending(planned.length, at, central).length;
  return { bytes: size, pieces: signal => piecesOf(entries, planned, { at, central }, signal) };
}

async function* piecesOf(
  entries: readonly EntryToWrite[],
  planned: readonly WrittenEntry[],
  directory: { readonly at: number; readonly central: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written: WrittenEntry[] = [];
  for (const [i, entry] of entries.entries()) {
    yield entryHeader(planned[i]!);
    let crc = 0;
    let bytes = 0;
    for await (const piece of entry.pieces(signal)) {
      throwIfAborted(signal, 'the save');
      bytes += piece.byteLength;
      if (bytes > entry.bytes) break;
      crc = crc32(piece, crc);
      yield piece;
    }
    // A fault of this package: everything after this entry would be in the wrong place.
    if (bytes !== entry.bytes) throw new Error(`${entry.name} was planned with ${entry.bytes} bytes, but has others`);
    const done = { ...planned[i]!, crc };
    yield descriptor(done);
    written.push(done);
  }
  for (const entry of written) yield centralRecord(entry);
  yield ending(written.length, directory.at, directory.central);
}

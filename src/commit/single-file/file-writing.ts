/**
 * Writes a stream of bytes to a new file. The bytes are copied, so the source may use its memory again, and nobody can
 * take it away while it is written. While one part is being written, the next is made.
 */
import { throwIfAborted } from '../../errors.js';
import type { NewShard } from '../../storage/new-files.js';

const PART_BYTES = 2 * 1024 * 1024;
/** One that is filled, and two on their way: so the file is never idle. */
const PARTS = 3;

interface Part {
  readonly memory: Uint8Array;
  /** Settles when the memory may be used again. */
  written: Promise<void>;
}

interface WritingHooks {
  readonly signal: AbortSignal | undefined;
  /** Called with the number of bytes that were written so far. */
  readonly onBytes: (bytes: number) => void;
}

/** Gives the number of bytes. Rejects with what the stream rejects with, ERR_ABORTED, and errors of the file. */
export async function writeAllTo(
  file: NewShard,
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
  { signal, onBytes }: WritingHooks,
): Promise<number> {
  const parts: Part[] = [];
  let [at, used, given, done] = [0, 0, 0, 0];
  const flush = (): void => {
    const part = parts[at]!;
    const length = used;
    part.written = file.appendChecksummed([part.memory.subarray(0, length)]).then(() => {
      done += length;
      onBytes(done);
    });
    // Awaited later. A failure before that must not count as unhandled.
    part.written.catch(() => undefined);
    at = (at + 1) % PARTS;
    used = 0;
  };
  try {
    for await (const piece of pieces) {
      given += piece.byteLength;
      if (given > bytes) return given;
      for (let start = 0; start < piece.byteLength; ) {
        if (used === 0) {
          parts[at] ??= { memory: Buffer.allocUnsafeSlow(Math.min(PART_BYTES, bytes)), written: Promise.resolve() };
          await parts[at]!.written;
          throwIfAborted(signal, 'the save');
        }
        const { memory } = parts[at]!;
        const length = Math.min(memory.byteLength - used, piece.byteLength - start);
        memory.set(new Uint8Array(piece.buffer, piece.byteOffset + start, length), used);
        start += length;
        used += length;
        if (used === memory.byteLength) flush();
      }
    }
    if (used > 0) flush();
  } finally {
    // Even after an error, since the memory is read until then.
    await Promise.allSettled(parts.map(({ written }) => written));
  }
  for (const { written } of parts) await written;
  return given;
}

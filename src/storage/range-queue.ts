/**
 * Joins the range reads that callers start in the same turn of the event loop into few native calls: 100,000 reads of
 * small tensors are one call, not 100,000.
 */
import { type Handle, native } from '../binding.js';
import { fromNative } from '../errors.js';

interface Request {
  handle: Handle;
  /** Of the file, for errors. */
  path: string;
  offset: number;
  length: number;
  /** Null: only the checksum is wanted. */
  into: ArrayBufferView | null;
  resolve(crc: number): void;
  reject(error: unknown): void;
}

/** A batch ends here, so that an abort between batches is noticed soon and progress is steady. */
const BATCH_BYTES = 256 * 1024 * 1024;

export class RangeQueue {
  #waiting: Request[] = [];

  /** CRC32C of the bytes read into `into`. */
  read(handle: Handle, path: string, offset: number, into: ArrayBufferView): Promise<number> {
    return this.#add(handle, path, offset, into.byteLength, into);
  }

  checksum(handle: Handle, path: string, offset: number, length: number): Promise<number> {
    return this.#add(handle, path, offset, length, null);
  }

  #add(handle: Handle, path: string, offset: number, length: number, into: ArrayBufferView | null): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) void Promise.resolve().then(() => this.#flush());
      this.#waiting.push({ handle, path, offset, length, into, resolve, reject });
    });
  }

  #flush(): void {
    const requests = this.#waiting;
    this.#waiting = [];
    for (const wanted of [requests.filter(r => r.into !== null), requests.filter(r => r.into === null)]) {
      let start = 0;
      while (start < wanted.length) {
        let end = start;
        for (let bytes = 0; end < wanted.length && (end === start || bytes < BATCH_BYTES); end++)
          bytes += wanted[end]!.length;
        void run(wanted.slice(start, end));
        start = end;
      }
    }
  }
}

async function run(requests: readonly Request[]): Promise<void> {
  try {
    const crcs = await call(requests);
    requests.forEach((request, i) => {
      request.resolve(crcs[i]!);
    });
  } catch (error) {
    // One bad range fails its whole batch; alone, each request gets its own answer.
    if (requests.length === 1) requests[0]!.reject(fromNative(error, 'read', { path: requests[0]!.path }));
    else for (const request of requests) await run([request]);
  }
}

function call(requests: readonly Request[]): Promise<Uint32Array> {
  const files: Handle[] = [];
  const indexOf = new Map<Handle, number>();
  const fileOf = new Uint32Array(requests.length);
  const offsets = new Float64Array(requests.length);
  requests.forEach((request, i) => {
    let index = indexOf.get(request.handle);
    if (index === undefined) {
      index = files.push(request.handle) - 1;
      indexOf.set(request.handle, index);
    }
    fileOf[i] = index;
    offsets[i] = request.offset;
  });
  const into = requests.map(request => request.into).filter(view => view !== null);
  if (into.length > 0) return native.readRanges(files, fileOf, offsets, into);
  return native.checksumRanges(
    files,
    fileOf,
    offsets,
    Float64Array.from(requests, request => request.length),
  );
}

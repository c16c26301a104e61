/**
 * Waiting for a caller's source without depending on it: a source that never settles must not hold up an abort. What is
 * abandoned may still end later, in whatever way; nobody listens then.
 */

import { abortError, TensorBundleError } from '../errors.js';
import { isBytes } from '../realms.js';

/**
 * Aborts with the signal, until the function that it gives is called. (`AbortSignal.any` takes no signals but Node's:
 * not those of jsdom, and not those that fit one by their members.)
 */
export function abortWith(controller: AbortController, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return () => signal.removeEventListener('abort', abort);
}

/** What `work` gives; ERR_ABORTED as soon as the signal fires. A rejection of `work` after that counts as handled. */
export function orAborted<T>(work: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return Promise.resolve(work);
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortError(signal, 'the save'));
    signal.addEventListener('abort', stop, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  });
}

/**
 * The same pieces; ERR_ABORTED as soon as the signal fires, even while the source is still making one. The source is
 * told (`return`) when it is not read to its end, and waited for only as long as nobody aborts.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  // An iterator that has ended or thrown is not told to return: as `for await` has it.
  let open = true;
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      const result = await iterator.next();
      if (result.done) open = false;
      return result;
    } catch (error) {
      open = false;
      throw error;
    }
  };
  try {
    for (;;) {
      const result = await orAborted(next(), signal);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    if (open) {
      const closing = async (): Promise<unknown> => iterator.return?.();
      // Whatever ended the reading is the error to report, not what the source says to it.
      await orAborted(closing(), signal).catch(() => undefined);
    }
  }
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array | string> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Throws ERR_DTYPE for what is no piece. */
export function checkPiece(tensor: string, piece: unknown): asserts piece is Uint8Array {
  if (isBytes(piece)) return;
  throw new TensorBundleError('ERR_DTYPE', `tensor '${tensor}': a piece must be a Uint8Array`, {
    tensor,
    found: typeof piece,
  });
}

/** Throws ERR_SHAPE unless the view still has the bytes it had when it was given: a detached one has none. */
export function checkLength(tensor: string, expected: number, found: number): void {
  if (found === expected) return;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `tensor '${tensor}': ${expected} bytes became ${found}: the buffer was detached or resized; ` +
      'leave it alone until the save has settled',
    { tensor, expected, found },
  );
}

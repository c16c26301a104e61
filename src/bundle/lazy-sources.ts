/**
 * Waits for a source that a caller wrote, without depending on it: a source that never settles must not hold up an
 * abort. A source that was abandoned may still end later; its result is ignored.
 */

import { abortError, TensorBundleError } from '../errors.js';
import { onAbort } from '../on-abort.js';
import { isBytes } from '../realms.js';

/**
 * Aborts the controller when the signal fires, until the returned function is called. (`AbortSignal.any` takes only
 * Node's own signals: not those of jsdom, and not objects that only have the same members.)
 */
export function abortWith(controller: AbortController, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  const letGo = onAbort(signal, () => controller.abort(signal.reason));
  if (signal.aborted) controller.abort(signal.reason);
  return letGo;
}

/**
 * The result of `work`, or ERR_ABORTED as soon as the signal fires. A rejection of `work` after that counts as handled.
 */
export function orAborted<T>(work: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return Promise.resolve(work);
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortError(signal, 'the save'));
    const letGo = onAbort(signal, stop);
    Promise.resolve(work).then(resolve, reject).finally(letGo);
    if (signal.aborted) stop();
  });
}

/**
 * The pieces of the source. Throws ERR_ABORTED as soon as the signal fires, even while the source is still making a
 * piece. A source that is not read to its end is told so (`return`), and awaited unless the signal fires.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  // As in `for await`, an iterator that has ended or thrown is not told to return.
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
      // The error to report is the one that ended the reading, not one that the source throws when it is closed.
      await orAborted(closing(), signal).catch(() => undefined);
    }
  }
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array | string> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Throws ERR_DTYPE for a value that is not a piece. */
export function checkPiece(tensor: string, piece: unknown): asserts piece is Uint8Array {
  if (isBytes(piece)) return;
  throw new TensorBundleError('ERR_DTYPE', `tensor '${tensor}': a piece must be a Uint8Array`, {
    tensor,
    found: typeof piece,
  });
}

/** Throws ERR_SHAPE unless the view still has as many bytes as when it was given. A detached view has none. */
export function checkLength(tensor: string, expected: number, found: number): void {
  if (found === expected) return;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `tensor '${tensor}': ${expected} bytes became ${found}: the buffer was detached or resized; ` +
      'leave it alone until the save has settled',
    { tensor, expected, found },
  );
}

/** Waits for all calls, even after an error. Then throws the first error in their order. It need not be awaited. */
export function allEnded(calls: readonly Promise<unknown>[]): Promise<void> {
  const ended = Promise.allSettled(calls).then(results => {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
  ended.catch(() => undefined);
  return ended;
}

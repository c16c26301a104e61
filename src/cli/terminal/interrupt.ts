/** Ctrl-C for commands that must clean up: the first one aborts the work, the second ends the process as usual. */

/**
 * Runs `work` with an AbortSignal that SIGINT and SIGTERM abort. The work then rejects with ERR_ABORTED and leaves no
 * file.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const stop = (name: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, stop);
    controller.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of signals) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

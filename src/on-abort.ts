/**
 * Waits for AbortSignals. A program may give one signal to any number of calls, and Node.js warns of more than ten
 * listeners of a signal, as of a leak. So all calls share one listener.
 */

/** For each signal that is waited for: what to do when it fires, and what ends the waiting. */
const waiting = new WeakMap<AbortSignal, { readonly actions: Set<() => void>; end(): void }>();

/** Calls `action` when the signal fires, until the returned function is called. Look first whether it has fired. */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  const known = waiting.get(signal) ?? listen(signal);
  const { actions } = known;
  // A function of its own, since another call may wait with the same one.
  const own = (): void => action();
  actions.add(own);
  return () => {
    if (actions.delete(own) && actions.size === 0) known.end();
  };
}

function listen(signal: AbortSignal): { readonly actions: Set<() => void>; end(): void } {
  const actions = new Set<() => void>();
  const fired = (): void => {
    made.end();
    for (const action of actions) action();
  };
  const made = {
    actions,
    end: () => {
      waiting.delete(signal);
      signal.removeEventListener('abort', fired);
    },
  };
  signal.addEventListener('abort', fired, { once: true });
  waiting.set(signal, made);
  return made;
}

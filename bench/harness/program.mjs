/**
 * What a contestant of a case is: a program with one argument as JSON, the peer that it needs, and which of its
 * repeats counts. A request of several parts, `{ part: request, ... }`, is carried out in one process; each part is
 * then a contestant of its own, named `contestant.part`.
 */

/** A script of this benchmark below bench/, run by Node with this library or with tfjs-node (`peer`). */
export const node = (file, request, more = {}) => ({ kind: 'node', file, request, flags: ['--expose-gc'], ...more });

/** This library with a request as peers get it: subjects/bundle.mjs. */
export const ours = (request, more = {}) => node('subjects/bundle.mjs', request, more);

/** Several of them in one process. */
export const oursInParts = (requests, more = {}) =>
  ours({ requests: Object.values(requests) }, { parts: Object.keys(requests), ...more });

/** A peer's program. `pick`: 'first' (default), 'best' or 'median' of the repeats in the process. */
export const peer = (name, request, more = {}) => ({ kind: 'peer', peer: name, request, ...more });

/** Several requests to a peer in one process. */
export const parts = (name, requests, more = {}) => ({
  kind: 'peer',
  peer: name,
  request: { requests: Object.values(requests) },
  parts: Object.keys(requests),
  ...more,
});

/** Any command line. Only its whole time counts. */
export const command = (...line) => ({ kind: 'command', line });

/**
 * The measurements of one process by the contestants' names. Each has `seconds`, chosen from `times` as the program
 * says, or `unavailable`, the reason.
 */
export function measurements(name, program, reply) {
  const replies = program.parts
    ? Object.fromEntries(program.parts.map((part, i) => [part, reply.replies?.[i] ?? reply]))
    : (reply.parts ?? { '': reply });
  return Object.fromEntries(
    Object.entries(replies).map(([part, value]) => [part ? `${name}.${part}` : name, picked(value, program.pick)]),
  );
}

function picked(reply, pick = 'first') {
  if (reply.times === undefined || pick === 'first') return reply;
  const sorted = reply.times.toSorted((a, b) => a - b);
  const seconds = pick === 'best' ? sorted[0] : sorted[sorted.length >> 1];
  // A call that blocks for its whole time is said with the same repeat.
  return { ...reply, seconds, ...(reply.blockingSeconds === reply.seconds && { blockingSeconds: seconds }) };
}

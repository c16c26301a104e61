/** File operations of a save, to be failed one after the other. */
import { isDeep } from '../depth.js';
import type { Operation } from '../native/fault-binding.js';

/** The code of the error that a save rejects with, if an operation that matters fails so. */
export const CODES: Readonly<Record<string, string>> = {
  EIO: 'ERR_IO',
  ENOSPC: 'ERR_NO_SPACE',
  EINTR: 'ERR_IO',
  EMFILE: 'ERR_IO',
  EACCES: 'ERR_PERMISSION',
  EROFS: 'ERR_PERMISSION',
};

export interface NumberedCall {
  readonly syscall: string;
  /** Among the calls of this kind, from 1. */
  readonly at: number;
}

/** The k-th call of each kind: the order of all calls is not fixed, their counts are. */
export function numbered(operations: readonly Operation[]): NumberedCall[] {
  const seen = new Map<string, number>();
  return operations.map(({ syscall }) => {
    const at = (seen.get(syscall) ?? 0) + 1;
    seen.set(syscall, at);
    return { syscall, at };
  });
}

/** All in the deep run; else `count` of them, one in each stretch. */
export function spread<T>(all: readonly T[], count: number): readonly T[] {
  return isDeep ? all : sample(all, count);
}

/** One at random in each of `count` stretches. */
export function sample<T>(all: readonly T[], count: number): readonly T[] {
  const step = all.length / count;
  return Array.from({ length: count }, (_, i) => all[Math.floor((i + Math.random()) * step)]!);
}

/** The addon of the tests: the engine on file operations that can be broken and watched (native/faults). */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeBinding } from '../../src/binding.js';

export interface Fault {
  /** Counts matching operations from 1 since `setFaults`. */
  at: number;
  /** Any operation if absent. */
  syscall?: string;
  /** Only operations whose path holds this. */
  path?: string;
  /** Not those whose path holds this. */
  notPath?: string;
  /**
   * `kill`: SIGKILL before the operation; `short`: half of the transfer, and at `fstatfs` a file on a network; `hold`:
   * the operation waits until `setFaults` is called again (20 s at most).
   */
  action: 'error' | 'kill' | 'short' | 'hold';
  /** Errno name; EIO if absent. */
  errno?: string;
  /** Also every matching operation after it. */
  sticky?: boolean;
}

export interface Operation {
  syscall: string;
  path?: string;
  offset?: number;
  length?: number;
  /** -1 for a failure. */
  result: number;
  errno: number;
}

export interface FaultBinding extends NativeBinding {
  /** Replaces all faults, restarts the counting and empties the log. */
  setFaults(faults: readonly Fault[] | null): void;
  /** What was done since `setFaults`. */
  operations(): Operation[];
  /** Descriptors and mappings that the engine holds now. */
  openDescriptors(): number;
  mappings(): number;
}

const release = new URL('../../build/Release/', import.meta.url);

/** Paths of the two addons, for child processes. */
export const addonPath = fileURLToPath(new URL('tensorbundle.node', release));
export const faultAddonPath = fileURLToPath(new URL('tensorbundle_faults.node', release));

export const faulty = createRequire(import.meta.url)(faultAddonPath) as FaultBinding;

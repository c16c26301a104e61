/**
 * Names of what a save of a whole directory makes beside it: `.BASE.new-NONCE`, the directory that is being written,
 * and `.BASE.saving-NONCE`, its intent, an empty file that its maker holds a lock on.
 */
import { stemOf } from '../names.js';

export function workName(base: string, nonce: string): string {
  return `.${stemOf(base)}.new-${nonce}`;
}

export function workIntentName(base: string, nonce: string): string {
  return `.${stemOf(base)}.saving-${nonce}`;
}

/** The nonce of such a name; null for any other. */
export function parseWorkName(base: string, name: string): string | null {
  for (const nameOf of [workName, workIntentName]) {
    const start = nameOf(base, '');
    const nonce = name.slice(start.length);
    if (name.startsWith(start) && /^[0-9a-f]{16}$/.test(nonce)) return nonce;
  }
  return null;
}

/** Two directories in the new one that are exchanged to find out whether the file system can do that. */
export const PROBES = ['.probe-0', '.probe-1'] as const;

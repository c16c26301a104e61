/** Replacement of a small text file: whoever opens it sees the old text or the new one, after a crash too. */

import { randomBytes } from 'node:crypto';
import { TextEncoder } from 'node:util';
import type { ObjectStore } from '../storage/store.js';
import { stemOf } from './names.js';

/**
 * To be called under the directory's lock. The new text is written beside as `NAME.tmp-` and 16 hex digits, synced if `durable`,
 * and renamed. The mode of the old file is kept. What updates that were killed left behind is removed.
 */
export async function replaceSmallFile(
  store: ObjectStore,
  name: string,
  text: string,
  durable: boolean,
): Promise<void> {
  await removeDeadUpdates(store, name);
  const old = await store.stat(name);
  const temporary = await store.createHeld(
    `${stemOf(name)}.tmp-${randomBytes(8).toString('hex')}`,
    old ? old.mode & 0o777 : undefined,
  );
  try {
    await temporary.write(new TextEncoder().encode(text), durable);
    await store.rename(temporary.name, name);
  } catch (error) {
    await store.remove(temporary.name).catch(() => false);
    throw error;
  } finally {
    await temporary.close();
  }
  if (durable) await store.sync();
}

/** The exact name, and nobody holds it. What cannot be judged or removed stays: it is in nobody's way. */
async function removeDeadUpdates(store: ObjectStore, name: string): Promise<void> {
  const start = `${stemOf(name)}.tmp-`;
  for (const other of await store.list()) {
    if (!other.startsWith(start) || !/^[0-9a-f]{16}$/.test(other.slice(start.length))) continue;
    if ((await store.holderOf(other)) === 'nobody') await store.remove(other).catch(() => false);
  }
}

/**
 * Which generations this process wrote without syncing. A save that is not durable may remove only these: anything else
 * could be the last checkpoint that a power loss would leave.
 */
const written = new Map<string, Map<number, string>>();

const keyOf = (storeIdentity: string, base: string): string => `${storeIdentity}/${base}`;

/** `index` is the identity of the committed index file. */
export function rememberUndurable(storeIdentity: string, base: string, total: number, index: string): void {
  const key = keyOf(storeIdentity, base);
  const totals = written.get(key);
  if (totals) totals.set(total, index);
  else written.set(key, new Map([[total, index]]));
}

/** To be told which index is about to be replaced: a total that somebody else has committed since is no longer ours. */
export function checkUndurable(storeIdentity: string, base: string, total: number, index: string): void {
  const known = written.get(keyOf(storeIdentity, base))?.get(total);
  if (known !== undefined && known !== index) forgetUndurable(storeIdentity, base, total);
}

export function isUndurable(storeIdentity: string, base: string, total: number): boolean {
  return written.get(keyOf(storeIdentity, base))?.has(total) ?? false;
}

export function forgetUndurable(storeIdentity: string, base: string, total: number): void {
  const key = keyOf(storeIdentity, base);
  const totals = written.get(key);
  if (totals?.delete(total) && totals.size === 0) written.delete(key);
}

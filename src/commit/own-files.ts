/**
 * Which data files this process has committed, for file systems without locks: there nobody can tell whether another
 * process is still writing, and age proves nothing (a linked file keeps its old time), so a save removes only these.
 */
const committed = new Map<string, Map<string, string>>();

const keyOf = (storeIdentity: string, base: string): string => `${storeIdentity}/${base}`;

/** `identity` is the file's ('device:inode'): somebody else may make another of that name when it is gone. */
export function rememberOwn(storeIdentity: string, base: string, name: string, identity: string): void {
  const key = keyOf(storeIdentity, base);
  const files = committed.get(key);
  if (files) files.set(name, identity);
  else committed.set(key, new Map([[name, identity]]));
}

export function isOwn(storeIdentity: string, base: string, name: string, identity: string): boolean {
  return committed.get(keyOf(storeIdentity, base))?.get(name) === identity;
}

export function forgetOwn(storeIdentity: string, base: string, name: string): void {
  const key = keyOf(storeIdentity, base);
  const files = committed.get(key);
  if (files?.delete(name) && files.size === 0) committed.delete(key);
}

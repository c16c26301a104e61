/**
 * Allows only one set-up at a time in a checkout: `npm test` in two terminals must not build into the same folders. The
 * lock is a file with the owner's process id, so that a lock of a dead process can be taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** @param {string} file */
function ownerOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * @param {{ root: string, note(text: string): void }} context
 * @returns {Promise<() => void>} releases the lock
 */
export async function lock(context) {
  const file = join(context.root, '.tools', 'setup.lock');
  mkdirSync(dirname(file), { recursive: true });
  // link() makes the lock appear together with its content, so that no process reads an empty owner.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  let told = false;
  try {
    for (;;) {
      try {
        linkSync(own, file);
        return () => rmSync(file, { force: true });
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const owner = ownerOf(file);
      if (owner !== null && !isAlive(owner)) {
        // Renaming is atomic: if two waiters see the dead owner, only one of them moves the file away. The content is
        // checked again, because a quicker waiter may have put its own lock there in between.
        const moved = `${own}.stale`;
        try {
          renameSync(file, moved);
          if (ownerOf(moved) !== owner) linkSync(moved, file);
          rmSync(moved, { force: true });
        } catch (error) {
          if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
        }
        continue;
      }
      if (owner !== null && !told) {
        context.note(`waiting for another set-up (process ${owner})`);
        told = true;
      }
      await new Promise(resolve => setTimeout(resolve, 300));
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Opens files of a directory together, in one trip to the addon, where each by itself would take a trip or two. */
import { join, resolve } from 'node:path';
import { native, type PlainTable } from '../binding.js';
import { isExhausted } from './descriptors.js';
import { Directory } from './directory.js';
import { checkPath, directoryError } from './directory-errors.js';
import { OpenFile, type ReadableFile } from './file.js';
import { ownView, release } from './handles.js';

/** Everything was there. */
export interface AllOpened {
  /** Closed already, and still good for paths. */
  readonly directory: Directory;
  /** In the order of the names. The first is closed already. */
  readonly files: readonly ReadableFile[];
  /** The bytes of the first file. */
  readonly contents: Uint8Array;
  /** They as a table, if they are a plain one. */
  readonly table: PlainTable | null;
  /** Whether the first name still was that of the first file after all were opened. */
  readonly isCurrent: boolean;
}

/** Something was not there, or has to be opened in another way. */
interface NotOpened {
  readonly files: null;
  /** Whether it is one of the later names that is absent. The first file was there then. */
  readonly lacksLater: boolean;
  /** The only thing that is open. Null if it does not exist; undefined if that is not known. */
  readonly directory: Directory | null | undefined;
}

/**
 * Opens all `names` of the directory `path`, and reads the first file. Gives up on absent names, on what is not a
 * regular file, on a first file above `readAtMost` bytes, on a directory that cannot be opened, and where descriptors
 * are short or a server has lost a file: a caller that opens them one by one can do or say more about that. Throws what
 * opening them one by one would throw.
 */
export async function openTogether(
  path: string,
  names: readonly string[],
  readAtMost: number,
): Promise<AllOpened | NotOpened> {
  checkPath(path);
  const absolute = resolve(path);
  const found = await native.openFiles(absolute, names, readAtMost);
  const directory = found.directory && Directory.over(absolute, found.directory, found.identity!);
  if (found.isWhole) {
    const files = found.files.map((file, i) => {
      const { handle, stat } = file!;
      return new OpenFile(handle, join(absolute, names[i]!), names[i]!, stat);
    });
    const isCurrent = found.now?.identity === files[0]!.identity;
    return { directory: directory!, files, contents: ownView(found.contents!), table: found.table, isCurrent };
  }
  return await notOpened(found, directory, names);
}

/** Closes what was opened, or gives it back. */
async function notOpened(
  { files, failure }: Awaited<ReturnType<typeof native.openFiles>>,
  directory: Directory | undefined,
  names: readonly string[],
): Promise<NotOpened> {
  await Promise.all(files.map(file => file && release(file.handle)));
  const lacksLater = failure === undefined && files.length > 1 && files.at(-1) === null;
  if (failure === undefined) return { files: null, lacksLater, directory };
  if (directory === undefined)
    return { files: null, lacksLater, directory: failure.code === 'ENOENT' ? null : undefined };
  if (isExhausted(failure) || failure.code === 'ESTALE') return { files: null, lacksLater, directory };
  await directory.close();
  const action = failure.syscall === 'pread' ? 'read' : 'open';
  // After all files the first one is looked at again.
  throw directoryError(failure, action, directory.pathOf(names[files.length % names.length]!));
}

/** Records in files, one file after the other. A record is found again by its file and the offset where it begins. */
import { type PathLike, pathOf } from '../../commit/paths.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { type Iteration, part, type Stage, type State } from '../iteration/iteration.js';
import { ShortSteps } from '../iteration/short-steps.js';
import { FileWindow } from './file-window.js';

export interface FileRecord<T> {
  readonly element: T;
  /** Offset of the byte after the record. */
  readonly end: number;
}

export abstract class Records<T> implements Stage<T> {
  abstract readonly kind: string;
  readonly inputs = [];
  readonly size = null;
  readonly files: readonly string[];

  /**
   * Throws ERR_INVALID_ARGUMENT for anything that is not a path or a list of paths; ERR_NOT_SUPPORTED for a URL that is
   * not `file:`.
   */
  constructor(files: PathLike | readonly PathLike[]) {
    const list: readonly unknown[] = Array.isArray(files) ? files : [files];
    this.files = list.map(file => pathOf(file));
    if (this.files.some(file => file === '' || file.includes('\0')))
      throw invalidArgument('a dataset of files takes a path, or an array of paths', {
        found: files,
      });
  }

  /** The record that begins at `offset`, which is not beyond the end of the file; null at the end. */
  abstract read(file: FileWindow, offset: number): Promise<FileRecord<T> | null>;

  /** Offset of the first record. */
  async first(_file: FileWindow): Promise<number> {
    return 0;
  }

  start(): Iteration<T> {
    const { kind, files } = this;
    const turns = new ShortSteps();
    let at = 0;
    /** Null before the file has been opened. */
    let offset: number | null = null;
    let window: FileWindow | null = null;
    return {
      pull: async take => {
        await turns.give();
        for (; at < files.length; at++, offset = null, window = null) {
          window ??= new FileWindow(files[at]!);
          offset ??= await this.first(window);
          const record = await this.read(window, offset);
          if (record === null) continue;
          take(record.element);
          offset = record.end;
          return true;
        }
        return false;
      },
      state: (): State => ({ kind, file: at, offset, inputs: [] }),
      restore: async state => {
        at = part(state, 'file', 'number');
        offset = state.offset === null ? null : part(state, 'offset', 'number');
        if (offset === null || at >= files.length) return;
        window = new FileWindow(files[at]!);
        const size = await window.size();
        if (offset > size)
          throw new TensorBundleError(
            'ERR_TRUNCATED',
            `the iterator was saved at byte ${offset} of ${window.path}, which now has only ${size} bytes`,
            { path: window.path, offset, expected: offset, found: size },
          );
      },
      close: () => undefined,
    };
  }
}

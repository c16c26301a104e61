/** The thread that runs h5wasm for one file, and gets it the bytes of the file. One call at a time. */
import { clearTimeout, setTimeout } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { abortError, TensorBundleError } from '../../errors.js';
import { onAbort } from '../../on-abort.js';
import { isError } from '../../realms.js';
import type { FileRange } from '../file-range.js';
import {
  type LibraryCall,
  type LibraryCalls,
  type LibraryData,
  type Reply,
  type Request,
  serveLibrary,
} from './library-server.js';

/** Bytes of the file in one request of the worker. */
const SHARED_BYTES = 1024 * 1024;
/** So long may the worker neither answer nor ask for bytes. One call reads 64 MiB at most. */
const MAX_QUIET_MS = 60_000;

/** `require` is there because the text is run as a script. */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads');
const complaints = [];
console.error = console.warn = console.log = line => complaints.length < 100 && complaints.push(String(line));
const __name = value => value;
const serve = ${serveLibrary};
import(workerData.library).then(library => serve(library, parentPort, workerData, complaints));
`;

interface Running {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

export class LibraryWorker {
  readonly #worker: Worker;
  readonly #data: LibraryData;
  /** The call that is under way. */
  #running: Running | null = null;
  /** The calls that wait for their turn end with it. */
  #last: Promise<unknown> = Promise.resolve();
  /** Why the worker is no more. */
  #ended: unknown = null;
  /** Why bytes of the file could not be read, which the worker then could not explain. */
  #readError: unknown = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #letGo: (() => void) | undefined;

  /** `library` is the URL of h5wasm. */
  constructor(
    private readonly range: FileRange,
    signal: AbortSignal | undefined,
    library: string,
    private readonly maxQuietMs = MAX_QUIET_MS,
  ) {
    const state = new SharedArrayBuffer(4);
    this.#data = { fileBytes: range.size, state, bytes: new SharedArrayBuffer(Math.min(SHARED_BYTES, range.size)) };
    // The options of the process may be such that the code would not be run as a script. Nobody reads what it prints:
    // a reader would keep the process alive.
    this.#worker = new Worker(CODE, {
      eval: true,
      execArgv: [],
      stdout: true,
      stderr: true,
      workerData: { ...this.#data, library },
    });
    this.#worker.on('message', (reply: Reply) => this.#take(reply));
    this.#worker.on('error', error => this.#end(this.#failed(isError(error) ? error.message : String(error), error)));
    this.#worker.on('exit', () => this.#end(this.#failed('it ended')));
    this.#worker.unref();
    if (signal === undefined) return;
    const stop = (): void => this.#end(abortError(signal, `reading ${range.path}`));
    this.#letGo = onAbort(signal, stop);
    if (signal.aborted) stop();
  }

  /** Rejects with ERR_CORRUPT if the library refuses the file or fails, and as the file's reads do. */
  call<C extends LibraryCall>(call: C, ...args: LibraryCalls[C]['args']): Promise<LibraryCalls[C]['answer']> {
    const own = this.#last.then(() => this.#call({ call, args }));
    this.#last = own.catch(() => undefined);
    return own as Promise<LibraryCalls[C]['answer']>;
  }

  /** Ends the worker, whatever it does. Calls under way reject with `reason`. */
  async end(reason: TensorBundleError): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #call(request: Request): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#running = { resolve, reject };
      this.#readError = null;
      // Only a call keeps the process alive.
      this.#worker.ref();
      this.#watch();
      this.#worker.postMessage(request);
    });
  }

  #take(reply: Reply): void {
    clearTimeout(this.#timer);
    if (this.#ended !== null) return;
    if (reply.kind === 'bytes') void this.#give(reply.at, reply.length);
    else if (reply.kind === 'answer') this.#done()?.resolve(reply.answer);
    else if (reply.isBroken) this.#end(this.#failed(reply.message));
    else this.#done()?.reject(this.#readError ?? this.#failed(reply.message));
  }

  /** Reads what the worker waits for. */
  async #give(at: number, length: number): Promise<void> {
    const state = new Int32Array(this.#data.state);
    try {
      const bytes = new Uint8Array(length);
      await this.range.file.read(this.range.start + at, bytes);
      new Uint8Array(this.#data.bytes).set(bytes);
      Atomics.store(state, 0, 1);
    } catch (error) {
      this.#readError ??= error;
      Atomics.store(state, 0, 2);
    }
    Atomics.notify(state, 0);
    this.#watch();
  }

  #watch(): void {
    if (this.#ended !== null) return;
    clearTimeout(this.#timer);
    const seconds = this.maxQuietMs / 1000;
    this.#timer = setTimeout(() => this.#end(this.#failed(`it gave no answer for ${seconds} s`)), this.maxQuietMs);
  }

  /** Ends the call that is under way, which the caller settles. */
  #done(): Running | null {
    clearTimeout(this.#timer);
    const running = this.#running;
    this.#running = null;
    this.#worker.unref();
    return running;
  }

  #end(reason: unknown): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#letGo?.();
    this.#done()?.reject(reason);
    void this.#worker.terminate();
  }

  #failed(problem: string, cause?: unknown): TensorBundleError {
    const { path } = this.range;
    return new TensorBundleError(
      'ERR_CORRUPT',
      `${path}: h5wasm cannot read it: ${problem}; the file is damaged, or has something that h5wasm does not know`,
      { path, cause },
    );
  }
}

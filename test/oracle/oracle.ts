/** Real TensorFlow for tests: a Python process (oracle.py) that a test file starts once and talks to. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DType } from '../../src/format/dtypes.js';
import { PythonProcess } from './python.js';
import { type GivenTensor, type OracleTensor, Packer, unpack } from './wire.js';

export type { GivenTensor, OracleTensor } from './wire.js';

const KEPT_STDERR = 20_000;

/** An exception raised in Python; `type` is its class name, for example 'NotFoundError' or 'DataLossError'. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
  constructor(
    readonly type: string,
    message: string,
    readonly traceback: string,
  ) {
    super(`${type}: ${message}`);
  }
}

/** A tensor with its name; `slice` is TensorFlow's text spec, for example '4 3 0,2:-' (`shape` is then the part's). */
export interface NamedTensor extends GivenTensor {
  readonly name: string;
  readonly slice?: string;
}

interface Answer {
  id: number;
  result?: unknown;
  blob?: string;
  error?: { type: string; message: string; traceback: string };
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Oracle {
  readonly #child: PythonProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tensorbundle-oracle-'));
  readonly #pending = new Map<number, Pending>();
  readonly #ready: Promise<void>;
  #lastId = 0;
  #stderr = '';
  #ended: Error | null = null;

  private constructor() {
    this.#child = new PythonProcess('test/oracle/oracle.py', [this.#folder]);
    const lines = createInterface({ input: this.#child.stdout });
    this.#ready = new Promise((resolve, reject) => {
      this.#pending.set(0, { resolve: () => resolve(), reject });
    });
    // The process greets as request 0 once TensorFlow is imported.
    lines.on('line', line => this.#settle(JSON.parse(line) as Answer));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    void this.#child.ended.then(({ code, signal, reason }) => {
      this.#ended = new Error(`the TensorFlow process ended (${signal ?? reason ?? `code ${code}`})\n${this.#stderr}`);
      for (const { reject } of this.#pending.values()) reject(this.#ended);
      this.#pending.clear();
      rmSync(this.#folder, { recursive: true, force: true });
    });
    // Python ends with its stdin, so it never outlives the test process; its files go here.
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** Starts the process; takes the seconds that importing TensorFlow takes. */
  static async start(): Promise<Oracle> {
    const oracle = new Oracle();
    await oracle.#ready;
    return oracle;
  }

  /** A command of commands.py. Tensors anywhere in `args` and in the result are passed as raw bytes. */
  call(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return this.#request({ command }, args);
  }

  /** The function run(args) of snippets/`snippet`.py. */
  run(snippet: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return this.#request({ run: snippet }, args);
  }

  /** SaveV2 of the tensors in the given order, under exactly this prefix. */
  async saveV2(prefix: string, tensors: readonly NamedTensor[]): Promise<void> {
    const items = tensors.map(({ name, slice, dtype, shape, data }) => ({
      name,
      value: { dtype, shape, data },
      ...(slice === undefined ? {} : { slice }),
    }));
    await this.call('saveV2', { prefix, tensors: items });
  }

  /** MergeV2Checkpoints. */
  async merge(prefixes: readonly string[], dest: string, options: { deleteOldDirs?: boolean } = {}): Promise<void> {
    await this.call('mergeV2', { prefixes, dest, ...options });
  }

  /** RestoreV2 of every tensor; a variant has no bytes (see snippets/variant.py). */
  async restoreAll(prefix: string): Promise<Map<string, OracleTensor>> {
    const items = (await this.call('restore', { prefix })) as { name: string; value: OracleTensor }[];
    return new Map(items.map(({ name, value }) => [name, value]));
  }

  /** RestoreV2 of these tensors or slices, in this order. */
  async restore(
    prefix: string,
    items: readonly { name: string; dtype: DType; slice?: string }[],
  ): Promise<OracleTensor[]> {
    const found = (await this.call('restore', { prefix, items })) as { value: OracleTensor }[];
    return found.map(({ value }) => value);
  }

  /** Names, types and shapes as tf.train.load_checkpoint lists them, sorted by UTF-8 bytes. */
  async entries(prefix: string): Promise<{ name: string; dtype: DType; shape: number[] }[]> {
    return (await this.call('entries', { prefix })) as { name: string; dtype: DType; shape: number[] }[];
  }

  /** Ends the process; pending calls reject. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#child.hold(true);
    this.#child.stdin.end();
    await this.#child.ended;
  }

  async #request(what: { command: string } | { run: string }, args: Record<string, unknown>): Promise<unknown> {
    await this.#ready;
    if (this.#ended) throw this.#ended;
    const id = ++this.#lastId;
    const packer = new Packer();
    const request = { id, ...what, args: packer.pack(args), blob: null as string | null };
    if (packer.chunks.length > 0) {
      request.blob = join(this.#folder, `request-${id}`);
      writeFileSync(request.blob, packer.chunks.length === 1 ? packer.chunks[0]! : Buffer.concat(packer.chunks));
    }
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#child.hold(true);
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    try {
      return await answer;
    } finally {
      if (request.blob !== null) rmSync(request.blob, { force: true });
    }
  }

  #settle({ id, result, blob, error }: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    // An idle process must not keep the test process alive.
    if (this.#pending.size === 0) this.#child.hold(false);
    if (error) {
      pending?.reject(new OracleError(error.type, error.message, error.traceback));
      return;
    }
    const bytes = blob === undefined ? Buffer.alloc(0) : readFileSync(blob);
    if (blob !== undefined) rmSync(blob);
    pending?.resolve(unpack(result, bytes));
  }
}

let shared: Promise<Oracle> | undefined;

/** The one process of this test file, started on first use; it ends with the file's worker. */
export function oracle(): Promise<Oracle> {
  shared ??= Oracle.start();
  return shared;
}

/**
 * What runs in the worker: h5wasm, which asks for the bytes of the file as it needs them. `serveLibrary` is sent to the
 * worker as text (there is no file beside this one that would have to be found from a bundle), so it uses nothing but
 * its arguments and what every thread has.
 */
import type { MessagePort } from 'node:worker_threads';

/** How elements are stored, as h5wasm says it; numbers are those of H5T_class_t. */
export interface LibraryType {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  readonly littleEndian: boolean;
  /** Of text: of variable length. */
  readonly vlen: boolean;
  /** How text of fixed length is filled up (H5T_str_t). */
  readonly strpad?: number;
  readonly enum_type?: { readonly type: number; readonly members: Readonly<Record<string, number>> };
  readonly compound_type?: { readonly members: readonly (LibraryType & { name: string; offset: number })[] };
}

/** Null for `shape`: it holds nothing at all. */
export interface LibraryMetadata extends LibraryType {
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
}

export interface LibraryAttribute extends LibraryMetadata {
  readonly name: string;
  /** Numbers, little-endian, or text of fixed length. */
  readonly bytes: Uint8Array | null;
  /** Text of variable length. */
  readonly texts: readonly Uint8Array[] | null;
}

type LibraryObject =
  | { readonly kind: 'group' }
  | { readonly kind: 'dataset'; readonly metadata: LibraryMetadata; readonly filters: readonly number[] }
  | { readonly kind: 'type' | 'link to another file' | 'nothing' };

/** What can be asked of the worker, one at a time: the arguments and the answer of each. */
export interface LibraryCalls {
  open: { args: readonly []; answer: null };
  names: { args: readonly [path: string]; answer: readonly string[] };
  describe: { args: readonly [path: string]; answer: LibraryObject };
  attributes: { args: readonly [path: string]; answer: readonly LibraryAttribute[] };
  /** The elements of a box, little-endian. */
  read: {
    args: readonly [path: string, begin: readonly number[], size: readonly number[], bytes: number];
    answer: Uint8Array;
  };
  /** As `read`, of text of variable length. */
  texts: {
    args: readonly [path: string, begin: readonly number[], size: readonly number[], bytes: number];
    answer: readonly Uint8Array[];
  };
}

export type LibraryCall = keyof LibraryCalls;

/** To the worker. */
export interface Request {
  readonly call: LibraryCall;
  readonly args: readonly unknown[];
}

/** From the worker. `isBroken`: the code in it failed, and answers no more. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'refused'; readonly message: string; readonly isBroken: boolean }
  /** It waits for bytes of the file; see `SharedBytes`. */
  | { readonly kind: 'bytes'; readonly at: number; readonly length: number };

/** Where the worker gets bytes of the file. */
interface SharedBytes {
  /** What became of the request: 0 while it waits, 1 if the bytes are there, 2 if they could not be read. */
  readonly state: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

export interface LibraryData extends SharedBytes {
  readonly fileBytes: number;
}

/** What is used of a file of Emscripten's file system. */
interface LibraryFile {
  usedBytes: number;
  stream_ops: object;
}

/** What is used of h5wasm's module. */
interface LibraryModule {
  readonly FS: {
    readonly ErrnoError: new (code: number) => Error;
    create(path: string, mode: number): LibraryFile;
  };
  readonly HEAPU8: Uint8Array;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  readonly H5G_TYPE: number;
  _malloc(bytes: number): number;
  _free(at: number): void;
  open(path: string, mode: number, trackOrder: boolean, low: number, high: number): bigint;
  get_type(file: bigint, path: string): number;
  get_symbolic_link(file: bigint, path: string): string | null;
  get_external_link(file: bigint, path: string): { readonly filename?: string } | null;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_dataset_metadata(file: bigint, path: string): LibraryMetadata;
  get_dataset_filters(file: bigint, path: string): { id: number }[];
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): LibraryMetadata;
  get_attribute_data(file: bigint, path: string, name: string, into: bigint): number;
  get_dataset_data(
    file: bigint,
    path: string,
    count: bigint[] | null,
    offset: bigint[] | null,
    strides: bigint[] | null,
    into: bigint,
  ): number;
  reclaim_vlen_memory(file: bigint, path: string, name: string, at: bigint): number;
  reclaim_vlen_memory_count(file: bigint, path: string, name: string, at: bigint, count: bigint[]): number;
}

/** What `import('h5wasm')` gives. */
interface Library {
  readonly ready: Promise<LibraryModule>;
}

export async function serveLibrary(
  library: Library,
  port: MessagePort,
  data: LibraryData,
  complaints: string[],
): Promise<void> {
  const module = await library.ready;
  const state = new Int32Array(data.state);
  const shared = new Uint8Array(data.bytes);
  const path = '/file.h5';
  let file = 0n;

  const tell = (reply: Reply, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

  /** Copies bytes of the file to the memory of the library; the other side reads them meanwhile. */
  const readFile = (memory: Uint8Array, into: number, length: number, at: number): number => {
    const count = Math.max(0, Math.min(length, data.fileBytes - at));
    for (let done = 0; done < count; ) {
      const part = Math.min(shared.length, count - done);
      Atomics.store(state, 0, 0);
      tell({ kind: 'bytes', at: at + done, length: part });
      Atomics.wait(state, 0, 0);
      // 29 is EIO.
      if (Atomics.load(state, 0) !== 1) throw new module.FS.ErrnoError(29);
      memory.set(shared.subarray(0, part), into + done);
      done += part;
    }
    return count;
  };

  /** A file in the library's own file system, whose bytes are read from the real one. It reaches no other files. */
  const makeFile = (): void => {
    const made = module.FS.create(path, 0o444);
    made.usedBytes = data.fileBytes;
    made.stream_ops = {
      ...made.stream_ops,
      read: (_: unknown, memory: Int8Array, into: number, length: number, at: number) =>
        readFile(new Uint8Array(memory.buffer, memory.byteOffset), into, length, at),
    };
  };

  /** Runs `read` with memory for `bytes`, and gives what it left there. A negative number is a failure. */
  const fetched = <T>(bytes: number, read: (at: bigint) => number, take: (at: number) => T): T => {
    const at = module._malloc(Math.max(1, bytes));
    if (at === 0) throw new Error(`no memory for ${bytes} bytes`);
    try {
      module.HEAPU8.fill(0, at, at + bytes);
      if (read(BigInt(at)) < 0) throw new Error('a read failed');
      return take(at);
    } finally {
      module._free(at);
    }
  };

  const bytesAt = (at: number, bytes: number): Uint8Array => module.HEAPU8.slice(at, at + bytes);

  /** Texts of variable length are pointers of 4 bytes. */
  const textsAt = (at: number, bytes: number): Uint8Array[] => {
    const memory = module.HEAPU8;
    const pointers = new DataView(memory.buffer, at, bytes);
    const texts: Uint8Array[] = [];
    for (let i = 0; i < bytes; i += 4) {
      const text = pointers.getUint32(i, true);
      texts.push(text === 0 ? new Uint8Array(0) : memory.slice(text, memory.indexOf(0, text)));
    }
    return texts;
  };

  const readAttribute = (object: string, name: string): LibraryAttribute => {
    const metadata = module.get_attribute_metadata(file, object, name);
    const isText = metadata.type === 3 && metadata.vlen;
    const isPlain = [0, 1, 3, 5, 6, 8].includes(metadata.type);
    if (metadata.shape === null || !isPlain) return { ...metadata, name, bytes: null, texts: null };
    const bytes = metadata.shape.reduce((product, length) => product * length, metadata.size);
    const read = (at: bigint): number => module.get_attribute_data(file, object, name, at);
    if (!isText) return { ...metadata, name, bytes: fetched(bytes, read, at => bytesAt(at, bytes)), texts: null };
    const texts = fetched(bytes, read, at => {
      const all = textsAt(at, bytes);
      module.reclaim_vlen_memory(file, object, name, BigInt(at));
      return all;
    });
    return { ...metadata, name, bytes: null, texts };
  };

  /** What cannot be opened is either not there, or damaged: then it throws. */
  const describeUnopened = (object: string, failure: unknown): LibraryObject => {
    const end = object.lastIndexOf('/');
    const parent = object.slice(0, end) || '/';
    const siblings = describe(parent).kind === 'group' ? module.get_names(file, parent, false) : [];
    if (!siblings.includes(object.slice(end + 1))) return { kind: 'nothing' };
    if (module.get_symbolic_link(file, object) !== null) return { kind: 'nothing' };
    if (module.get_external_link(file, object)?.filename !== undefined) return { kind: 'link to another file' };
    throw failure;
  };

  const describe = (object: string): LibraryObject => {
    // `get_type` gives anything for what cannot be opened.
    try {
      module.get_attribute_names(file, object);
    } catch (failure) {
      if (object === '/') throw failure;
      return describeUnopened(object, failure);
    }
    const type = module.get_type(file, object);
    if (type === module.H5G_GROUP) return { kind: 'group' };
    if (type === module.H5G_TYPE) return { kind: 'type' };
    if (type !== module.H5G_DATASET) return { kind: 'nothing' };
    const metadata = module.get_dataset_metadata(file, object);
    return { kind: 'dataset', metadata, filters: module.get_dataset_filters(file, object).map(({ id }) => id) };
  };

  type Box = readonly [path: string, begin: readonly number[], size: readonly number[], bytes: number];

  const readBox = <T>([object, begin, size, bytes]: Box, take: (at: number, count: bigint[]) => T): T => {
    const count = size.map(BigInt);
    // A scalar has no box.
    const [counts, begins, ones] =
      size.length === 0 ? [null, null, null] : [count, begin.map(BigInt), size.map(() => 1n)];
    const read = (at: bigint): number => module.get_dataset_data(file, object, counts, begins, ones, at);
    return fetched(bytes, read, at => take(at, count));
  };

  const answerTo = ({ call, args }: Request): unknown => {
    const [object] = args as readonly [string];
    if (call === 'open') {
      makeFile();
      file = module.open(path, 0, false, -1, -1);
      if (file < 0n) throw new Error('the file cannot be opened');
      return null;
    }
    if (call === 'names') return module.get_names(file, object, false);
    if (call === 'describe') return describe(object);
    if (call === 'attributes') {
      return module.get_attribute_names(file, object).map(name => readAttribute(object, name));
    }
    const box = args as Box;
    if (call === 'read') return readBox(box, at => bytesAt(at, box[3]));
    return readBox(box, (at, count) => {
      const texts = textsAt(at, box[3]);
      if (count.length === 0) module.reclaim_vlen_memory(file, object, '', BigInt(at));
      else module.reclaim_vlen_memory_count(file, object, '', BigInt(at), count);
      return texts;
    });
  };

  port.on('message', (request: Request) => {
    complaints.length = 0;
    try {
      const answer = answerTo(request);
      const isBytes = request.call === 'read';
      tell({ kind: 'answer', answer }, isBytes ? [(answer as Uint8Array).buffer as ArrayBuffer] : []);
    } catch (error) {
      // A trap of the compiled code, or its own end. Nothing in it can be relied on from here on.
      const { name, message } = error as Error;
      const isBroken = name !== 'Error' && name !== 'ErrnoError';
      const [first = ''] = complaints.filter(line => /^ +#\d+: /.test(line));
      tell({ kind: 'refused', message: `${message}${first && `: ${first.replace(/^.*\): /, '')}`}`, isBroken });
    }
  });
}

/** Buffers that are detached or resized between add and the end of finish: told, never written as garbage. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { crc32c, maskCrc } from '../../src/format/crc.js';
import { CheckpointReader, CheckpointWriter, type TensorSource } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'changed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(mkdtempSync(join(folder, `${++made}-`)), 'model');

const detach = (view: { buffer: ArrayBufferLike }): void => {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
};

/** ECMAScript 2024, which Node 20 has and the type library of the tests has not. */
type Resizable = ArrayBuffer & { resize(bytes: number): void };
function resizable(bytes: number, most: number): Resizable {
  const make = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => Resizable;
  return new make(bytes, { maxByteLength: most });
}

async function refused(writer: CheckpointWriter, details: object): Promise<void> {
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_SHAPE', tensor: 'x', ...details });
  expect(readdirSync(join(writer.prefix, '..'))).toEqual([]);
}

test('detached before finish', async () => {
  const small = new Float32Array(3);
  const large = new Float32Array(2 ** 22);
  for (const data of [small, large]) {
    const bytes = data.byteLength;
    const writer = new CheckpointWriter(fresh()).add('x', { dtype: 'float32', shape: [data.length], data });
    detach(data);
    await refused(writer, { expected: bytes, found: 0 });
  }
});

test('what had no bytes has lost none; a piece that came without its bytes is told', async () => {
  const empty = new Float32Array(0);
  const writer = new CheckpointWriter(fresh()).add('x', { dtype: 'float32', shape: [0], data: empty });
  detach(empty);
  await writer.finish();
  const pieces = [new Uint8Array(4), new Uint8Array(4)];
  async function* detached(): AsyncGenerator<Uint8Array> {
    yield pieces[0]!;
    detach(pieces[1]!);
    yield pieces[1]!;
  }
  await refused(new CheckpointWriter(fresh()).add('x', { dtype: 'uint8', shape: [8], data: detached }), {
    expected: 8,
    found: 4,
  });
});

test('views of resizable buffers that shrank, grew, or no longer reach', async () => {
  for (const [tracking, bytes, found] of [
    [true, 8, 8],
    [true, 24, 24],
    [false, 8, 0],
  ] as const) {
    const buffer = resizable(16, 32);
    const data = tracking ? new Float32Array(buffer) : new Float32Array(buffer, 0, 4);
    const writer = new CheckpointWriter(fresh()).add('x', { dtype: 'float32', shape: [4], data });
    buffer.resize(bytes);
    await refused(writer, { expected: 16, found });
  }
});

test('detached while the one before is written, or between two parts of a large one', async () => {
  const large = 40 * 2 ** 20;
  for (const pulledFirst of [true, false]) {
    const data = new Uint8Array(large);
    let progress = 0;
    const writer = new CheckpointWriter(fresh(), {
      durable: false,
      onProgress: ({ phase }) => {
        if (phase === 'write' && ++progress === 1) detach(data);
      },
    });
    if (pulledFirst) writer.add('a', { dtype: 'uint8', shape: [9 * 2 ** 20], data: new Uint8Array(9 * 2 ** 20) });
    writer.add('x', { dtype: 'uint8', shape: [large], data });
    await refused(writer, {});
  }
});

/** Their checksum is made before the writing begins. */
test('a variant that is changed while others are written has the bytes that it had', async () => {
  const variant = variantOf(Uint8Array.of(7, 8, 9));
  const before = [...variant];
  const writer = new CheckpointWriter(fresh(), {
    durable: false,
    onProgress: ({ phase }) => {
      if (phase === 'write') variant.fill(0);
    },
  });
  writer.add('a', { dtype: 'uint8', shape: [40 * 2 ** 20], data: new Uint8Array(40 * 2 ** 20) });
  await writer.add('x', { dtype: 'variant', shape: [], data: variant }).finish();
  await using reader = await CheckpointReader.open(writer.prefix, { verify: 'open' });
  expect([...((await reader.read('x')).data as unknown as Uint8Array)]).toEqual(before);
});

/** The stored bytes of one variant: its length, the message, and the checksum of both. */
function variantOf(message: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  length[0] = message.length;
  const bytes = new Uint8Array(1 + message.length + 4);
  bytes[0] = message.length;
  bytes.set(message, 1);
  const crc = maskCrc(crc32c(message, crc32c(length)));
  new DataView(bytes.buffer).setUint32(1 + message.length, crc, true);
  return bytes;
}

test('strings and variants, given at once or in pieces', async () => {
  const given: ((element: Uint8Array) => TensorSource)[] = [
    element => ({ dtype: 'string', shape: [1], data: [element] }),
    element => ({ dtype: 'variant', shape: [], data: element }),
  ];
  for (const source of given) {
    const element = Uint8Array.of(1, 2, 3);
    const writer = new CheckpointWriter(fresh()).add('x', source(element));
    detach(element);
    await refused(writer, { expected: 3, found: 0 });
  }
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const first = Uint8Array.of(1, 2, 3, 4);
    yield first;
    detach(first);
    yield Uint8Array.of(5, 6, 7, 8);
  }
  for (const dtype of ['string', 'variant'] as const) {
    await refused(new CheckpointWriter(fresh()).add('x', { dtype, shape: [2], data: pieces }), {
      expected: 4,
      found: 0,
    });
  }
  // A piece of a numeric tensor has been taken when the next is asked for.
  const writer = new CheckpointWriter(fresh()).add('x', { dtype: 'uint8', shape: [8], data: pieces });
  await writer.finish();
  await using reader = await CheckpointReader.open(writer.prefix, { verify: 'open' });
  expect([...((await reader.read('x')).data as Uint8Array)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([16, 4 * 2 ** 20])('a detached view of %i bytes that says it still has them: ERR_SHAPE', async count => {
  const data = new Float32Array(count / 4);
  const writer = new CheckpointWriter(fresh(), { durable: false });
  writer.add('t', { dtype: 'float32', shape: [count / 4], data });
  Object.defineProperty(data, 'byteLength', { value: count });
  detach(data);
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_SHAPE', tensor: 't' });
});

/** Each program that the benchmark compares with (`node tools/setup.mjs --deep` installs them), once with 1 MiB. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadVariable } from '../../src/index.js';

interface Peer {
  name: string;
  command?: string[];
  unavailable?: string;
}

interface Reply {
  seconds: number;
  times: number[];
  bytes: number;
  syncs: boolean;
  verifies: boolean;
  kernels?: Record<string, number>;
}

const list = fileURLToPath(new URL('../../.tools/peers/peers.json', import.meta.url));
const peers: Peer[] = JSON.parse(readFileSync(list, 'utf8')).peers;
const MIB = 2 ** 20;
const layout = { count: 8, bytes: MIB };

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

async function ask(name: string, ...requests: object[]): Promise<Reply[]> {
  const [file, ...args] = peers.find(peer => peer.name === name)!.command!;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' };
  const { stdout } = await promisify(execFile)(file!, [...args, JSON.stringify({ requests })], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1)!).replies;
}

/** The float32 values of the whole MiB, from pieces in the order of the tensors. */
function sumOf(pieces: readonly Uint8Array[]): number {
  const all = new Uint8Array(Buffer.concat(pieces));
  return new Float32Array(all.buffer).reduce((sum, value) => sum + value, 0);
}

/** The values of a tensor are random in [0, 1), plus its number: the sum of all is near this. */
const EXPECTED = (MIB / 4) * (3.5 + 0.5);

describe('peers of the benchmark', { timeout: 120_000 }, () => {
  const here = (name: string) => peers.some(peer => peer.name === name && peer.command !== undefined);
  const formats: [string, string | undefined][] = [
    ['tensorflow', 'ops'],
    ['tensorflow', 'checkpoint'],
    ['safetensors', undefined],
    ['torch', 'plain'],
    ['tensorstore', 'zarr3'],
    ['tensorstore', 'ocdbt'],
  ];

  test.each(formats)('%s %s saves, overwrites and loads', async (name, variant) => {
    if (!here(name)) return expect(peers.find(peer => peer.name === name)!.unavailable).toMatch(/\w/);
    const request = { variant, directory, layout };
    const replies = await ask(
      name,
      { ...request, run: 'save', durable: true, repeats: 2 },
      { ...request, run: 'save', overwrite: true },
      { ...request, run: 'load', touch: true },
    );
    expect(replies.map(({ bytes, times, syncs }) => [bytes, times.length, syncs])).toEqual([
      [MIB, 2, true],
      [MIB, 1, false],
      [MIB, 1, false],
    ]);
    for (const { seconds } of replies) expect(seconds).toBeGreaterThan(0);
  });

  test.runIf(here('safetensors'))('the file of safetensors has all values', async () => {
    await ask('safetensors', { run: 'save', directory, layout });
    const file = readFileSync(join(directory, 'model.safetensors'));
    const header = 8 + Number(file.readBigUInt64LE(0));
    const entries = JSON.parse(file.toString('utf8', 8, header)) as Record<string, { shape: number[] }>;
    expect(Object.keys(entries)).toHaveLength(8);
    expect(Object.values(entries)[0]!.shape).toEqual([MIB / 32]);
    expect(sumOf([file.subarray(header)]) / EXPECTED).toBeCloseTo(1, 2);
  });

  test.runIf(here('tensorflow'))("TensorFlow's checkpoint has all values, and one slice is read", async () => {
    const [, part] = await ask(
      'tensorflow',
      { run: 'save', directory, layout },
      { run: 'load', directory, layout, partial: { begin: 10, length: 5 } },
    );
    expect(part!.bytes).toBe(20);
    const prefix = join(directory, 'model');
    const values = await Promise.all(
      Array.from({ length: 8 }, (_, i) => loadVariable(prefix, `layer-${i}/kernel/.ATTRIBUTES/VARIABLE_VALUE`)),
    );
    const pieces = values.map(({ data }) => {
      if (!(data instanceof Float32Array)) throw new Error('it is not float32');
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    });
    expect(sumOf(pieces) / EXPECTED).toBeCloseTo(1, 2);
  });

  test.runIf(here('keras'))('keras saves and loads a SavedModel, with functions and without', async () => {
    const requests = [
      { run: 'save', directory },
      { run: 'save', directory, traces: true },
      { run: 'load', directory },
    ];
    const [plain, traced, loaded] = await ask('keras', ...requests);
    expect(plain!.bytes).toBeGreaterThan(17e6);
    expect(traced!.bytes).toBeGreaterThan(plain!.bytes);
    expect(loaded!.bytes).toBe(traced!.bytes);
  });

  test.runIf(here('raw'))('raw writes and reads what it says', async () => {
    for (const method of ['ranges', 'plain']) {
      const write = { run: 'write', directory, bytes: MIB, files: 2, durable: true, method };
      const read = { run: 'read', directory };
      const replies = await ask('raw', write, { ...write, overwrite: true }, read, { ...read, method: 'crc' });
      expect(replies.map(({ bytes }) => bytes)).toEqual([MIB, MIB, MIB, MIB]);
      expect(readdirSync(directory)).toHaveLength(2);
    }
  });

  test.runIf(here('raw'))('the bare protocol leaves the files of one save', async () => {
    const request = { run: 'protocol', directory, data: [1000], index: 150, state: 20, overwrite: true, repeats: 4 };
    const [synced, , syncs] = await ask(
      'raw',
      { ...request, durable: true },
      { ...request, durable: false },
      { ...request, run: 'syncs', durable: true },
    );
    expect(synced!.times).toHaveLength(4);
    expect(Math.min(...syncs!.times)).toBeGreaterThan(0);
    expect(readdirSync(directory).sort()).toEqual([
      'checkpoint',
      'model.data-00000-of-00002',
      'model.data-00001-of-00002',
      'model.index',
    ]);
  });

  test.runIf(here('crc'))('published CRC32C has a speed', async () => {
    const [reply] = await ask('crc', { run: 'crc', bytes: 65536, seconds: 0.05 });
    for (const speed of Object.values(reply!.kernels!)) expect(speed).toBeGreaterThan(0.1);
  });
});

/**
 * Saves in processes of their own whose arrays are taken away while `finish()` runs, in every way that plain JavaScript
 * has. A process makes many attempts with one way; it prints one word for each, and dies if native code reads memory
 * that is gone.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The last three came with Node 21 and later. */
const WAYS = [
  'clone',
  'collected',
  'post',
  'worker',
  'stream',
  'resize',
  'regrow',
  'grow',
  'transfer',
  'fixed',
  'larger',
];

export const waysOfThisNode = WAYS.slice(0, 'transfer' in ArrayBuffer.prototype ? WAYS.length : -3);

export interface Attempts {
  status: number | null;
  signal: string | null;
  stderr: string;
  /** 'saved', or the error's code; anything else is a fault. */
  outcomes: string[];
}

const dist = new URL('../../dist/index.js', import.meta.url).href;

/**
 * A save of `bytes` in each of several arrays for every delay after which they are taken: so many ms, or (negative) so
 * many reports of bytes that were written: the next are under way then.
 */
export async function attempts(
  way: string,
  shards: number,
  bytes: number,
  delays: readonly number[],
): Promise<Attempts> {
  const folder = mkdtempSync(join(tmpdir(), 'taken-'));
  const task = JSON.stringify({ folder, way, shards, bytes, delays });
  const program = ['--expose-gc', '--input-type=module', '-e', PROGRAM, dist, task];
  try {
    const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', text => {
      stdout += text;
    });
    child.stderr.on('data', text => {
      stderr += text;
    });
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...end) => resolve(end));
    });
    return { status, signal, stderr, outcomes: stdout.split('\n').filter(line => line !== '') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROGRAM = `
import { MessageChannel, Worker } from 'node:worker_threads';
const { CheckpointReader, CheckpointWriter } = await import(process.argv[1]);
const { folder, way, shards, bytes, delays } = JSON.parse(process.argv[2]);
const PAGE = 65536;
const RECEIVER = 'require("node:worker_threads").parentPort.on("message", () => globalThis.gc?.())';
const worker = way === 'worker' ? new Worker(RECEIVER, { eval: true, execArgv: [] }) : null;

/** A buffer, and what takes it away. */
function made() {
  if (way === 'grow') {
    const memory = new WebAssembly.Memory({ initial: bytes / PAGE, maximum: bytes / PAGE + 1 });
    return { buffer: memory.buffer, take: () => memory.grow(1) };
  }
  if (way === 'resize' || way === 'regrow') {
    const buffer = new ArrayBuffer(bytes, { maxByteLength: bytes });
    const take = () => { buffer.resize(0); if (way === 'regrow') buffer.resize(bytes / 2); };
    return { buffer, take };
  }
  const buffer = new ArrayBuffer(bytes);
  const take = {
    clone: () => structuredClone(buffer, { transfer: [buffer] }),
    collected: () => { structuredClone(buffer, { transfer: [buffer] }); gc(); },
    post: () => { const { port1 } = new MessageChannel(); port1.postMessage(buffer, [buffer]); port1.close(); },
    worker: () => worker.postMessage(buffer, [buffer]),
    stream: () => new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' }).read(new Uint8Array(buffer)),
    transfer: () => { buffer.transfer(0); },
    fixed: () => { buffer.transferToFixedLength(1); },
    larger: () => { buffer.transfer(2 * bytes); },
  }[way];
  return { buffer, take };
}

/** Four tensors: at hand, at an odd offset, from a source, in pieces. */
function sources([a, b, c, d]) {
  const later = new Float64Array(c);
  const parts = [0, 1, 2, 3].map(i => new Uint8Array(d, i * bytes / 4, bytes / 4));
  async function* pieces() { yield* parts; }
  return [
    { dtype: 'float32', shape: [bytes / 4], data: new Float32Array(a) },
    { dtype: 'uint8', shape: [bytes - 3], data: new Uint8Array(b, 3) },
    { dtype: 'float64', shape: [bytes / 8], data: () => later },
    { dtype: 'uint8', shape: [bytes], data: pieces },
  ];
}

async function attempt(prefix, delay) {
  const all = [made(), made(), made(), made()];
  const kept = made();
  [...all, kept].forEach(({ buffer }, i) => new Uint8Array(buffer).fill(i + 1));
  let [reports, settled] = [0, false];
  const onProgress = ({ phase }) => { if (phase === 'write') reports++; };
  const writer = new CheckpointWriter(prefix, { shards, durable: false, onProgress });
  writer.add('kept', { dtype: 'uint8', shape: [bytes], data: new Uint8Array(kept.buffer) });
  sources(all.map(({ buffer }) => buffer)).forEach((source, i) => writer.add('t' + i, source));
  const done = writer.finish().then(() => 'saved', error => error.code ?? 'not an error of the library: ' + error);
  done.then(() => { settled = true; });
  const end = performance.now() + delay;
  const early = () => delay < 0 ? reports < -delay && !settled : performance.now() < end;
  while (early()) await new Promise(setImmediate);
  for (const { take } of all) take();
  if (way !== 'resize') gc();
  const outcome = await done;
  if (outcome === 'saved') {
    const reader = await CheckpointReader.open(prefix, { verify: 'open' });
    for (const [i, name] of ['t0', 't1', 't2', 't3', 'kept'].entries()) {
      const { data } = await reader.read(name, { copy: true });
      const found = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      if (!Buffer.alloc(data.byteLength, i + 1).equals(found)) return 'other bytes in ' + name;
    }
    await reader.close();
  }
  kept.take();
  return kept.buffer.byteLength === (way === 'regrow' ? bytes / 2 : 0) ? outcome : 'could not be taken afterwards';
}

for (const [i, delay] of delays.entries()) console.log(await attempt(folder + '/' + i % 2 + '/m', delay));
await worker?.terminate();
`;

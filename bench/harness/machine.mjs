/** Describes the machine and the programs with which the figures were measured. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { describePeers } from './peers.mjs';

const ROOT = new URL('../../', import.meta.url);
/** Those that decide which CRC32C kernel runs, and how fast memory is copied. */
const FLAGS = ['sse4_2', 'pclmulqdq', 'avx2', 'avx512f', 'avx512vl', 'vpclmulqdq', 'erms', 'fsrm', 'crc32', 'pmull'];

export async function describeMachine({ disk, tmpfs }, peers) {
  const tensorbundle = await version('package.json');
  const known = await processorFlags();
  return {
    date: new Date().toISOString(),
    tensorbundle,
    commit: await commit(),
    node: process.version,
    tfjsNode: await version('node_modules/@tensorflow/tfjs-node/package.json').catch(() => undefined),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    flags: FLAGS.filter(flag => known.has(flag)),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    disk: disk.fileSystem,
    tmpfs: typeof tmpfs === 'string' ? { missing: tmpfs } : tmpfs.fileSystem,
    load: loadavg().map(load => Math.round(load * 100) / 100),
    peers: describePeers(peers),
  };
}

/** What must be the same for an interrupted run to be continued. */
export const identity = ({ tensorbundle, commit, node, processor, kernel }) =>
  JSON.stringify([tensorbundle, commit, node, processor, kernel]);

/** A line for the head of the report. */
export function machineLine(machine) {
  return (
    `tensorbundle ${machine.tensorbundle}, Node ${machine.node}, ${machine.processor} (${machine.flags.join(' ')}), ` +
    `${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ${machine.disk.name} ` +
    `(${machine.disk.options}), load ${machine.load[0]}`
  );
}

export function peerLines({ tfjsNode, peers }) {
  const own = { name: 'tfjs-node', versions: { 'tfjs-node': tfjsNode } };
  return [...peers, own].map(({ name, versions, unavailable }) => {
    if (unavailable) return `${name}: not here, because ${unavailable}`;
    return `${name}: ${Object.entries(versions ?? {})
      .map(([what, number]) => `${what} ${number}`)
      .join(', ')}`;
  });
}

async function version(file) {
  return JSON.parse(await readFile(new URL(file, ROOT), 'utf8')).version;
}

async function commit() {
  const options = { cwd: ROOT };
  return promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], options).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

async function processorFlags() {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return new Set(
    text
      .match(/^(?:flags|Features)\s*:(.*)$/m)?.[1]
      .trim()
      .split(/\s+/),
  );
}

/** The memory that programs can have now, in bytes, by the kernel's estimate. */
export function availableBytes() {
  return Number(readFileSync('/proc/meminfo', 'utf8').match(/^MemAvailable:\s+(\d+) kB/m)[1]) * 1024;
}

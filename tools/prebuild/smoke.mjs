/**
 * Runs a prebuilt addon with several versions of Node: each writes a checkpoint with it, reads it back and verifies it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupFailure } from '../setup/failure.mjs';
import { installNodes } from './nodes.mjs';

/** Runs in the Node under test. */
const PROGRAM = `
const { CheckpointReader, CheckpointWriter, verifyCheckpoint } = await import(process.argv[1]);
const prefix = process.argv[2];
for (const shards of [2, 1]) {
  const values = Float32Array.from({ length: 300000 }, (_, i) => i / 7 + shards);
  const writer = new CheckpointWriter(prefix, { shards });
  writer.add('a', { dtype: 'float32', shape: [300, 1000], data: values });
  writer.add('b', { dtype: 'string', shape: [], data: [new TextEncoder().encode('text')] });
  await writer.finish();
  const reader = await CheckpointReader.open(prefix);
  const { data } = await reader.read('a');
  await reader.close();
  if (Buffer.compare(Buffer.from(data.buffer, data.byteOffset, data.byteLength), Buffer.from(values.buffer)) !== 0)
    throw new Error('what was read is not what was written');
  const report = await verifyCheckpoint(prefix);
  if (!report.ok) throw new Error(JSON.stringify(report.problems));
}
`;

/**
 * Throws if a version of Node cannot save and read with the addon. Resolves to the versions that can.
 * @param {{ root: string, note(text: string): void }} context
 * @param {{ file: string, arch: string, emulator?: readonly string[] }} options the addon; what runs foreign binaries
 * @returns {Promise<string[]>}
 */
export async function smoke(context, { file, arch, emulator = [] }) {
  const entry = join(context.root, 'dist', 'index.js');
  if (!existsSync(entry)) throw new SetupFailure('there is no dist/index.js', 'Run `npm run build` first.');
  const passed = [];
  for (const { version, file: node } of await installNodes(context, arch)) {
    const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-smoke-'));
    try {
      const program = ['--input-type=module', '-e', PROGRAM, entry, join(folder, 'model')];
      const [first, ...rest] = [...emulator, node, ...program];
      const options = { encoding: 'utf8', env: { ...process.env, TENSORBUNDLE_BINDING: file } };
      const { status, stderr, error } = spawnSync(first, rest, options);
      if (status !== 0) {
        throw new SetupFailure(
          `${file} does not work on Node ${version} (${arch}):\n${error?.message ?? stderr}`,
          'The addon may use only Node-API 8 and the symbols of the C library it is built for.',
        );
      }
      passed.push(version);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return passed;
}

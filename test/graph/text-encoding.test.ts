/** A context without TextEncoder and TextDecoder, as jsdom's is: object graphs are written and read all the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const DIST = new URL('../../dist/', import.meta.url).href;

const PROGRAM = `
  delete globalThis.TextEncoder;
  delete globalThis.TextDecoder;
  const { Checkpoint, CheckpointView } = await import(process.argv[1] + 'tfjs.js');
  const { CheckpointReader } = await import(process.argv[1] + 'index.js');
  const { Counter } = await import(process.argv[1] + 'tfjs.js');
  const name = String.fromCharCode(0xfeff, 0xe9, 0xd83e, 0xdd8a);
  const step = new Counter(7);
  await new Checkpoint({ [name]: step }).write(process.argv[2]);
  step.assign(0);
  (await new Checkpoint({ [name]: step }).read(process.argv[2])).assertConsumed();
  const reader = await CheckpointReader.open(process.argv[2]);
  console.log(JSON.stringify({ step: Number(step.value), names: reader.names(), name }));
`;

test('without encoders among the globals', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-encoders-'));
  try {
    const args = ['--input-type=module', '-e', PROGRAM, DIST, join(folder, 'x')];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd });
    expect(stdout, stderr).not.toBe('');
    const { step, names, name } = JSON.parse(stdout) as { step: number; names: string[]; name: string };
    expect(step).toBe(7);
    expect(names).toContain(`${name}/.ATTRIBUTES/VARIABLE_VALUE`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

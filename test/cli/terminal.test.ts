/** Pipes and terminals: closed pipes, full disks, colour, the progress bar, Ctrl-C. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointWriter } from '../../src/index.js';
import { flipBitOf, KERNEL, writeOne, writeSample } from './checkpoints.js';
import { environment, hasControls, hasTerminal, makeDirectory, onTerminal, PROGRAM, run, shell } from './program.js';

const MANY = 20_000;

let directory: Awaited<ReturnType<typeof makeDirectory>>;
let sample: string;
let many: string;
let large: string;

beforeAll(async () => {
  directory = await makeDirectory();
  sample = directory.in('sample');
  many = directory.in('many');
  large = directory.in('large');
  await writeSample(sample);
  await writeOne(large, 'w', 256 * 2 ** 20);
  const writer = new CheckpointWriter(many, { durable: false });
  const data = Uint8Array.of(1);
  for (let i = 0; i < MANY; i++)
    writer.add(`layer-${String(i).padStart(6, '0')}/kernel`, { dtype: 'uint8', shape: [1], data });
  await writer.finish();
});
afterAll(() => directory.remove());

describe('a reader that goes away', () => {
  test.each([
    ['ls', '{ TB ls "$CKPT"; echo $? >"$CODE"; } | head -1', 1],
    ['ls --json', '{ TB ls --json "$CKPT"; echo $? >"$CODE"; } | head -c 20 >/dev/null', 0],
    ['--help', '{ TB --help; echo $? >"$CODE"; } | true', 0],
  ])('%s ends quietly and with its own exit code', (_name, line, lines) => {
    const code = directory.in('code');
    const { out, err } = shell(`${line}; cat "$CODE" >&2`, { CKPT: many, CODE: code });
    expect(err).toBe('0\n');
    expect(out.split('\n').length - 1).toBe(lines);
  });

  test('does not hide a finding', async () => {
    const bad = directory.in('bad');
    await writeSample(bad);
    await flipBitOf(bad, KERNEL);
    const line = '{ sleep 0.3; TB verify "$CKPT"; echo $? >"$CODE"; } | true; cat "$CODE"';
    expect(shell(line, { CKPT: bad, CODE: directory.in('code') })).toMatchObject({ out: '1\n', err: '' });
  });

  test('does not stop a copy', () => {
    const to = directory.in('piped/copy');
    shell('{ sleep 0.3; TB copy "$CKPT" "$TO"; } | true', { CKPT: sample, TO: to });
    expect(run(['verify', to]).code).toBe(0);
  });
});

test.skipIf(!existsSync('/dev/full'))('output that cannot be written exits with 3 and says so', () => {
  const { code, err } = shell('TB ls "$CKPT" >/dev/full', { CKPT: sample });
  expect(code).toBe(3);
  expect(err).toMatch(/^error: cannot write the output: .*ENOSPC/);
});

describe('colour', () => {
  const commands: [string, () => string[]][] = [
    ['ls', () => ['ls', '--tree', sample]],
    ['show', () => ['show', sample, 'four']],
    ['verify', () => ['verify', sample]],
    ['help', () => ['--help']],
    ['an error', () => ['ls', directory.in('nothing')]],
  ];

  test.each(commands)('none in a pipe, some with FORCE_COLOR: %s', (_name, args) => {
    const plain = run(args());
    expect(hasControls(plain.out + plain.err)).toBe(false);
    const forced = run(args(), { FORCE_COLOR: '1' });
    expect(hasControls(forced.out + forced.err)).toBe(true);
    expect(hasControls(run([...args(), '--json'], { FORCE_COLOR: '1' }).out)).toBe(args()[0] === '--help');
    const none = run(args(), { FORCE_COLOR: '0' });
    expect(none).toEqual(plain);
  });

  test.skipIf(!hasTerminal)('on a terminal, unless NO_COLOR', () => {
    expect(onTerminal(['ls', sample]).out).toContain('\u001b[');
    expect(onTerminal(['ls', sample], { NO_COLOR: '1' }).out).not.toContain('\u001b');
    expect(onTerminal(['ls', sample], { TERM: 'dumb' }).out).not.toContain('\u001b');
  });
});

describe.skipIf(!hasTerminal)('on a terminal', () => {
  test('ls is a tree, and --json is indented', () => {
    const { code, out } = onTerminal(['ls', sample], { NO_COLOR: '1' });
    expect(code).toBe(0);
    expect(out).toContain('├─ bias');
    expect(out).toContain('12 tensors');
    expect(onTerminal(['ls', '--json', sample]).out).toContain('\n  "tensors"');
  });

  test('verify shows a bar and erases it', () => {
    const { code, out } = onTerminal(['verify', large], { NO_COLOR: '1' });
    expect(code).toBe(0);
    expect(out).toContain('█');
    expect(out).toMatch(/\d+% {2}verify/);
    expect(out.slice(out.lastIndexOf('█'))).toContain('\r\u001b[Kok ');
  });

  test('without a terminal there is no bar', () => {
    const { out, err } = run(['verify', large]);
    expect(err).toBe('');
    expect(out).not.toContain('█');
  });
});

test('Ctrl-C in the middle of a copy leaves nothing and exits with 130', async () => {
  const to = directory.in('interrupted');
  const child = spawn(process.execPath, [PROGRAM, 'copy', large, `${to}/copy`], {
    env: environment(),
    stdio: 'ignore',
  });
  // As soon as the directory is there, the copy is under way.
  while (!existsSync(to) && child.exitCode === null) await new Promise(resolve => setTimeout(resolve, 2));
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(130);
  expect(existsSync(to) ? readdirSync(to) : []).toEqual([]);
});

/** Help, version and wrong command lines; none of it needs a checkpoint. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasControls, run, runJson } from './program.js';

const NAMES = ['ls', 'show', 'verify', 'copy', 'merge', 'latest', 'saved-model', 'build-addon', 'setup-tfjs-node'];
const CARD = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

describe('help', () => {
  test.each([['--help'], ['-h'], ['help']])('%s names every command and exit code', flag => {
    const { code, out, err } = run([flag]);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const name of NAMES) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const exit of [0, 1, 2, 3]) expect(out).toMatch(new RegExp(`^  ${exit}  \\w`, 'm'));
    expect(hasControls(out)).toBe(false);
  });

  test.each(NAMES)('%s --help has usage, options and examples that name the command', name => {
    const { code, out, err } = run([name, '--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain(`tensorbundle ${name}`);
    expect(out).toContain('--json');
    const examples = out.slice(out.indexOf('Examples'));
    expect(examples).toMatch(new RegExp(`^  tensorbundle ${name} .*`, 'm'));
    expect(run(['help', name]).out).toBe(out);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  test('the help of the writing commands names their options', () => {
    const { out } = run(['copy', '--help']);
    for (const option of ['--shards N', '--max-bytes N', '--no-overwrite']) expect(out).toContain(option);
    expect(run(['merge', '--help']).out).toContain('--delete-inputs');
    expect(run(['latest', '--help']).out).toContain('--valid');
  });

  test.each([['--version'], ['-V']])('%s is the version of the package', flag => {
    expect(run([flag])).toEqual({ code: 0, out: `${CARD.version}\n`, err: '' });
  });
});

describe('a wrong command line exits with 2 and says what is wrong', () => {
  const cases: [string, string[], RegExp][] = [
    ['no command', [], /Usage/],
    ['unknown command', ['list', 'x'], /unknown command 'list'/],
    ['help of an unknown command', ['help', 'list'], /unknown command 'list'/],
    ['unknown option', ['ls', 'x', '--deep'], /--deep/],
    ['missing path', ['ls'], /too few arguments/],
    ['surplus path', ['ls', 'x', 'y'], /unexpected argument 'y'/],
    ['show without a name', ['show', 'x'], /too few arguments/],
    ['verify without a path', ['verify'], /too few arguments/],
    ['merge without a source', ['merge', 'x'], /too few arguments/],
    ['tree and flat', ['ls', 'x', '--tree', '--flat'], /exclude each other/],
    ['shards and max-bytes', ['copy', 'x', 'y', '--shards', '2', '--max-bytes', '1M'], /exclude each other/],
    ['no shards', ['copy', 'x', 'y', '--shards', '0'], /--shards takes a whole number/],
    ['half a shard', ['copy', 'x', 'y', '--shards', '1.5'], /--shards takes a whole number/],
    ['too many shards', ['copy', 'x', 'y', '--shards', '100000'], /--shards takes a whole number/],
    ['shards without a value', ['copy', 'x', 'y', '--shards'], /--shards/],
    ['a size that is none', ['copy', 'x', 'y', '--max-bytes', '1 potato'], /--max-bytes takes a number of bytes/],
    ['a size of nothing', ['copy', 'x', 'y', '--max-bytes', '0'], /--max-bytes takes a number of bytes/],
    ['an argument where none belongs', ['build-addon', 'now'], /unexpected argument 'now'/],
    ['undo and an option', ['setup-tfjs-node', '--undo', '--dry-run'], /--undo takes no other option/],
    ['a limit that is none', ['show', 'x', 'y', '--limit', 'all'], /--limit takes a whole number/],
  ];

  test.each(cases)('%s', (_name, args, message) => {
    const { code, out, err } = run(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at /);
  });

  test('with --json the error is JSON on standard output', () => {
    const { code, json, err } = runJson<{ error: { code: string; message: string } }>(['ls', 'x', '--deep']);
    expect(code).toBe(2);
    expect(err).toBe('');
    expect(json.error.code).toBe('ERR_INVALID_ARGUMENT');
    expect(json.error.message).toContain('--deep');
  });
});

/** What the commands take as paths: URLs, prefixes that end in a slash, names of other formats; as child processes. */
import { mkdirSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { updateCheckpointState } from '../../src/index.js';
import { writeOne, writeSample } from './checkpoints.js';
import { makeDirectory, run, runJson } from './program.js';

let directory = await makeDirectory();
let slash: string;
let named: string;
beforeEach(async () => {
  await directory.remove();
  directory = await makeDirectory();
  named = directory.in('named');
  await writeSample(named);
  slash = `${directory.in('slash')}/`;
  await writeSample(slash);
});
afterAll(() => directory.remove());

const COMMANDS: Readonly<Record<string, (path: string) => string[]>> = {
  ls: path => ['ls', path],
  show: path => ['show', path, 'x'],
  verify: path => ['verify', path],
  'copy from': path => ['copy', path, directory.in('copied')],
  'copy to': path => ['copy', named, path],
  'merge from': path => ['merge', directory.in('merged'), path],
  'merge to': path => ['merge', path, named],
  latest: path => ['latest', path],
  'latest --valid': path => ['latest', '--valid', path],
};

describe.each(Object.entries(COMMANDS))('%s', (_name, command) => {
  test.each(['gs://bucket/model', 's3://bucket/model'])('%s', path => {
    const before = readdirSync(directory.in('.'));
    const { code, json } = runJson<{ error: { code: string; message: string } }>(command(path));
    expect([code, json.error.code]).toEqual([3, 'ERR_NOT_SUPPORTED']);
    const { code: again, out, err } = run(command(path));
    expect([again, out]).toEqual([3, '']);
    expect(err).toContain(`file system scheme '${path.slice(0, 2)}' is not supported`);
    expect(readdirSync(directory.in('.'))).toEqual(before);
  });
});

test.each(Object.entries(COMMANDS).filter(([name]) => name.endsWith(' to')))(
  '%s a name of another format',
  (_name, command) => {
    const { code, err } = run(command(directory.in('model.h5')));
    expect(code).toBe(3);
    expect(err).toContain(`leave the ending out: '${directory.in('model')}'`);
  },
);

test('a prefix that ends in a slash, its files, URLs', () => {
  const href = pathToFileURL(slash).href;
  for (const path of [slash, `${slash}.index`, `${slash}.data-00000-of-00001`, href, `${href}.index`]) {
    expect(runJson<{ prefix: string }>(['ls', path]).json.prefix).toBe(slash);
    expect(runJson(['verify', path])).toMatchObject({ code: 0, json: [{ prefix: slash, ok: true }] });
  }
  for (const to of [`${directory.in('copied')}/`, pathToFileURL(`${directory.in('again')}/`).href]) {
    expect(run(['copy', slash, to]).code).toBe(0);
    expect(runJson(['verify', to])).toMatchObject({ code: 0, json: [{ ok: true }] });
  }
  expect(readdirSync(directory.in('copied')).sort()).toEqual(readdirSync(slash).sort());
  expect(run(['merge', `${directory.in('merged')}/`, slash]).code).toBe(0);
  expect(readdirSync(directory.in('merged'))).toContain('.index');
});

test('latest prints it', async () => {
  expect(run(['latest', directory.in('slash')]).code).toBe(1);
  expect(run(['latest', '--valid', directory.in('slash')])).toMatchObject({ code: 0, out: `${slash}\n` });
  await updateCheckpointState(slash, { modelCheckpointPath: slash });
  for (const path of [slash, directory.in('slash'), pathToFileURL(slash).href])
    expect(run(['latest', path])).toMatchObject({ code: 0, out: `${slash}\n` });
});

test('the help says so', () => {
  const { out } = run(['--help']);
  expect(out).toContain("DIR/ is the prefix 'DIR/'");
  expect(out).toContain('file:// URL');
});

test('a name with a colon is a name', async () => {
  mkdirSync(directory.in('a:b'));
  await writeOne(directory.in('a:b/gs:'), 'x');
  expect(run(['verify', directory.in('a:b/gs:')]).code).toBe(0);
  expect(run(['copy', directory.in('a:b/gs:'), directory.in('C:x')]).code).toBe(0);
  expect(run(['verify', directory.in('C:x')]).code).toBe(0);
});

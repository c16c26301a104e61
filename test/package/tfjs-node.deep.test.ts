/**
 * `tensorbundle setup-tfjs-node` as a user runs it: in a project with the packed package and tfjs-node from the
 * registry, against real TensorFlow. Compiled once; then the README's examples run with it on the newest Node, in the
 * longest run on Node 20, 22 and 24.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLong } from '../depth.js';
import { installPackage } from './install.js';
import { hostNodes } from './lives/nodes.js';
import { CHECKOUT, run } from './pack.js';
import { expectExamplesTwice } from './readme.js';

const PYTHON = join(CHECKOUT, '.tools', 'venv', 'bin', 'python');
let work: string;
let folder: string;
let home: string;
let command: string;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-tfjs-node-')));
  ({ folder } = installPackage(work));
  command = join(folder, 'node_modules', 'tensorbundle', 'dist', 'cli', 'main.js');
  home = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function setup(args: readonly string[], env: NodeJS.ProcessEnv = {}, node = process.execPath) {
  const { status, stdout, stderr } = spawnSync(node, [command, 'setup-tfjs-node', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

/** Names and contents of everything in tfjs-node's folder. */
function snapshot(): Record<string, string> {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map(name => {
      const file = join(home, name);
      return [name, lstatSync(file).isFile() ? readFileSync(file, 'base64') : 'not a file'];
    }),
  );
}

test('without tfjs-node it says how to install it', () => {
  expect(setup(['--python', PYTHON])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('npm install --ignore-scripts @tensorflow/tfjs-node'),
  });
});

let before: Record<string, string>;

test('what is missing is named, and nothing changes', () => {
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '@tensorflow/tfjs-node@4.22.0'], {
    cwd: folder,
  });
  before = snapshot();
  const nowhere = join(work, 'nowhere');
  mkdirSync(nowhere);

  expect(setup([], { PATH: nowhere, VIRTUAL_ENV: '', CONDA_PREFIX: '' })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/no Python with TensorFlow was found \(tried python3, python\).*--python PATH/),
  });
  expect(setup(['--python', join(nowhere, 'python')])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/cannot import TensorFlow/),
  });
  expect(setup(['--python', PYTHON], { PATH: nowhere })).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/there is no `make` here.*apt-get install/),
  });
  expect(setup(['--python', PYTHON, '--dry-run'])).toMatchObject({
    status: 0,
    stdout: 'nothing was changed\n',
    stderr: expect.stringMatching(/would link TensorFlow 2\..*would replace .*TopK\.js.*would compile .*4\.22\.0/s),
  });
  expect(setup(['--undo'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^nothing to undo/) });
  // A compiler that fails: everything is as it was.
  expect(setup(['--python', PYTHON], { CXX: 'false', CXXFLAGS: '' }).status).not.toBe(0);
  expect(snapshot()).toEqual(before);
});

test('it builds, and does nothing the second time', () => {
  // Found by itself, as the environment in use.
  const first = setup([], { VIRTUAL_ENV: join(CHECKOUT, '.tools', 'venv') });
  expect(first.status, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^tfjs-node works/);
  expect(first.stderr).toMatch(/TensorFlow 2\.\d+.*link.*compile.*try it/s);
  const built = snapshot();
  const again = setup(['--python', PYTHON, '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ done: 'nothing', tfjsNode: { version: '4.22.0' } });
  expect(again.stderr).toBe('');
  expect(snapshot()).toEqual(built);
});

test.each(isLong ? hostNodes() : hostNodes().slice(-1))(
  "the README's examples run on it, twice in one folder, on Node $version",
  ({ version, command: started }) => {
    const node = started.at(-1)!;
    const reader = join(folder, `reader on ${version}`);
    mkdirSync(reader);
    expectExamplesTwice({ folder: reader, flavour: '@tensorflow/tfjs-node', node, command });
    expect(setup(['--python', PYTHON], {}, node)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^nothing/),
    });
  },
);

test('it undoes everything', () => {
  expect(setup(['--undo'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^undone in .*deps/) });
  expect(snapshot()).toEqual(before);
  expect(existsSync(join(home, 'deps'))).toBe(false);
});

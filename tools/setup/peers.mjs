/**
 * Step `peers`, for `npm run bench`: the programs that the benchmark compares with, in the git-ignored folder
 * .tools/peers. peers.json there lists them: for each peer its command line and versions, or why it is not available
 * here. What cannot be installed does not stop the others.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeSources } from '../native/sources.mjs';
import { interpreter } from '../prebuild/zig.mjs';
import { command } from './command.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** Sections of tools/requirements-peers.txt that each peer in Python needs. For `crc`, one of them is enough. */
const NEEDS = {
  safetensors: ['numpy', 'safetensors'],
  torch: ['numpy', 'torch'],
  tensorstore: ['numpy', 'tensorstore'],
};
const CRC = ['google-crc32c', 'crc32c', 'awscrt'];
const AGAIN = 'remove .tools/peers and start again';
const CUDA_ONLY = 'PyPI has torch for x86-64 only with CUDA, which is 3 GB more';

/** @param {string} root */
function home(root) {
  return join(root, '.tools', 'peers');
}

/** @param {string} root */
function state(root) {
  const sources = ['tools/requirements-peers.txt', 'tools/setup/peers.mjs', 'bench/peers', 'native/crc32c'];
  return digest(root, sources, [root, process.platform, process.arch, process.env.CXX ?? 'g++']);
}

/**
 * The sections of tools/requirements-peers.txt: a name in brackets, then its packages.
 * @param {string} root
 * @returns {Record<string, string[]>}
 */
function sections(root) {
  const text = readFileSync(join(root, 'tools', 'requirements-peers.txt'), 'utf8');
  const found = text.split(/^# \[/m).slice(1);
  return Object.fromEntries(
    found.map(section => {
      const [name, ...lines] = section.split('\n');
      return [name.replace(']', ''), lines.filter(line => /^[\w-]/.test(line))];
    }),
  );
}

/**
 * Makes the environment and installs each section. Gives the sections that failed, with the reason as one line.
 * @param {import('./step.mjs').Context} context
 * @returns {Promise<Record<string, string>>}
 */
async function installPackages(context, python) {
  const { root } = context;
  const failed = {};
  await command(context, 'peers', interpreter(), ['-m', 'venv', join(home(root), 'venv')], {
    advice: "Python's venv module must work (Debian: `apt-get install python3-venv`).",
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  for (const [name, packages] of Object.entries(sections(root))) {
    if (name === 'torch' && process.platform === 'linux' && process.arch === 'x64') {
      failed[name] = CUDA_ONLY;
      continue;
    }
    context.note(`  ${packages.join(', ')} ...`);
    try {
      await command(context, 'peers', python, [...pip, ...packages], { advice: '' });
    } catch (error) {
      failed[name] = `pip could not install ${name}; ${AGAIN} (.tools/logs/peers.log says why)`;
      context.note(`  ${error.message}`);
    }
  }
  return failed;
}

/**
 * Compiles the raw reader and writer. Gives the reason if that fails.
 * @param {import('./step.mjs').Context} context
 * @param {string} program
 */
async function compileRaw(context, program) {
  const { root } = context;
  const compiler = process.env.CXX ?? 'g++';
  const folder = join('bench', 'peers', 'raw');
  const sources = readdirSync(join(root, folder))
    .filter(name => name.endsWith('.cc'))
    .map(name => join(folder, name));
  const flags = ['-O3', '-std=c++17', '-pthread', '-Wall', '-Wextra', '-Inative'];
  try {
    const all = [...flags, '-o', program, ...sources, ...nativeSources(root).crc32c];
    await command(context, 'peers', compiler, all, { advice: '' });
    return undefined;
  } catch (error) {
    context.note(`  ${error.message}`);
    return `${compiler} could not compile ${folder}; install a C++17 compiler for Linux or set CXX, and ${AGAIN}`;
  }
}

/**
 * One line of peers.json. A program that does not tell its versions is not available.
 * @param {string} name
 * @param {string[]} line
 * @param {string | undefined} reason why it is not there
 */
function described(name, line, reason) {
  if (reason !== undefined) return { name, unavailable: reason };
  try {
    const output = execFileSync(line[0], [...line.slice(1), '{"run":"info"}'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    return { name, command: line, ...JSON.parse(output.trim().split('\n').at(-1)) };
  } catch (error) {
    const last = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1);
    return { name, unavailable: `it does not start: ${last}` };
  }
}

/** @type {import('./step.mjs').Step} */
export const peers = {
  name: 'peers',
  what: 'what the benchmark compares with into .tools/peers',
  deep: true,
  bench: true,

  isDone({ root }) {
    return hasStamp(join(home(root), 'setup.stamp'), state(root)) && existsSync(join(home(root), 'peers.json'));
  },

  async run(context) {
    const { root } = context;
    const before = state(root);
    // A virtual environment contains its own absolute path, so it is built in place, and an unfinished one is removed
    // first.
    rmSync(home(root), { recursive: true, force: true });
    mkdirSync(home(root), { recursive: true });
    const python = join(home(root), 'venv', 'bin', 'python');
    const failed = await installPackages(context, python);
    const program = join(home(root), 'raw');
    const script = name => join(root, 'bench', 'peers', 'python', name);
    const tensorflow = join(root, '.tools', 'venv', 'bin', 'python');
    const list = [
      described('raw', [program], await compileRaw(context, program)),
      described(
        'crc',
        [python, script('published_crc.py')],
        CRC.every(name => name in failed) ? failed[CRC[0]] : undefined,
      ),
      ...['tensorflow', 'keras', 'keras-files'].map(name =>
        described(
          name,
          [tensorflow, script(`with_${name.replace('-', '_')}.py`)],
          existsSync(tensorflow) ? undefined : `there is no .tools/venv: run \`npm run setup\`, ${AGAIN}`,
        ),
      ),
      ...Object.entries(NEEDS).map(([name, needs]) => {
        const missing = needs.find(section => section in failed);
        return described(name, [python, script(`with_${name}.py`)], failed[missing]);
      }),
    ];
    for (const { name, unavailable } of list)
      if (unavailable) context.note(`  ${name} is not available: ${unavailable}`);
    writeFileSync(join(home(root), 'peers.json'), `${JSON.stringify({ peers: list }, null, 2)}\n`);
    writeStamp(join(home(root), 'setup.stamp'), before);
  },
};

/**
 * Builds and runs the native unit tests (test/native/*.cc) without Node, in several variants. Prints one line per
 * variant; exit code 1 if one fails.
 *
 *   node tools/test-native.mjs [release|address|thread|valgrind|arm64]...
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { argv, env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { nativeSources } from './native/sources.mjs';
import { foreignHome } from './prebuild/foreign.mjs';
import { TARGETS } from './prebuild/targets.mjs';
import { zigCompiler } from './prebuild/zig.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The sources of the engine, the checksum and the fault table, which do not use Node, and the tests.
 * @param {boolean} onlyChecksum
 */
function sources(onlyChecksum) {
  const { crc32c, engine } = nativeSources(root);
  if (onlyChecksum) return [...crc32c, ...['crc32c_test.cc', 'main.cc'].map(name => join('test', 'native', name))];
  // Without the stub for Windows, which has its own table and main(); see test/native/windows.deep.test.ts.
  const tests = readdirSync(join(root, 'test', 'native')).filter(name => /_test\.cc$|^main\.cc$/.test(name));
  return [
    ...crc32c,
    ...engine,
    join('native', 'faults', 'fault_operations.cc'),
    ...tests.map(name => join('test', 'native', name)),
  ];
}

const zig = zigCompiler(root);
const arm64 = TARGETS.find(({ name }) => name === 'linux-arm64-glibc');
const emulator = join(foreignHome(root), 'qemu', 'usr');

const VARIANTS = {
  release: { flags: ['-O2'] },
  address: { flags: ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'] },
  thread: { flags: ['-O1', '-g', '-fsanitize=thread'] },
  // valgrind does not support AVX-512 and reports that in cpuid, so the other kernels are chosen at run time.
  valgrind: {
    flags: ['-O1', '-g'],
    runner: ['valgrind', '--quiet', '--error-exitcode=9', '--leak-check=full', '--track-fds=no'],
  },
  // The CRC32C kernels of another processor, in an emulator. Only with what `node tools/setup.mjs --deep` installs.
  arm64: {
    compiler: [zig.file, ...zig.args, '-target', arm64.zig],
    environment: zig.env,
    // As the prebuilt addon (tools/prebuild/compile.mjs, targets.mjs): for another target, or without one of these
    // flags, zig compiles its whole C++ library again.
    flags: ['-O2', '-fPIC', '-s', '-DONLY_CRC32C'],
    runner: [join(emulator, 'bin', 'qemu-aarch64-static'), '-L', join(emulator, 'aarch64-linux-gnu')],
    onlyChecksum: true,
  },
};

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`;
  return { ok: result.status === 0, output };
}

/** Compiles into `directory`, a few files at a time, what has changed since it was compiled there. */
function compile({ flags, compiler: command = [env.CXX ?? 'g++'], environment = {}, onlyChecksum = false }, directory) {
  const compiler = command.join(' ');
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  const common = [
    '-std=c++17',
    ...warnings,
    '-Inative',
    '-Itest/native',
    '-D_FILE_OFFSET_BITS=64',
    ...flags,
    '-pthread',
  ];
  mkdirSync(join(root, directory), { recursive: true });
  // Whatever was compiled in another way is compiled again.
  const how = join(directory, 'how');
  const words = [
    compiler,
    run(command[0], [...command.slice(1), '--version'], { env: { ...env, ...environment } }).output,
    ...common,
  ].join('\n');
  if (!existsSync(join(root, how)) || readFileSync(join(root, how), 'utf8') !== words)
    writeFileSync(join(root, how), words);
  // All paths are relative to the root: make cannot have a space in a name.
  const objects = sources(onlyChecksum).map(source => ({
    source,
    object: join(directory, `${source.replaceAll('/', '_')}.o`),
  }));
  const makefile = [
    `all: ${objects.map(({ object }) => object).join(' ')}\n` +
      `\t${compiler} ${flags.join(' ')} -pthread -o ${join(directory, 'tests')} $^`,
    ...objects.map(
      ({ source, object }) =>
        `${object}: ${source} ${how}\n\t${compiler} ${common.join(' ')} -MMD -MP -c ${source} -o ${object}`,
    ),
    // What each includes, as the compiler has told.
    `-include ${join(directory, '*.d')}`,
  ].join('\n');
  return run('make', ['-s', '-j', String(Math.min(cpus().length, 4)), '-f', '-', 'all'], {
    env: { ...env, ...environment },
    input: `${makefile}\n`,
  });
}

/**
 * Whether what the variant needs beyond the machine's own tools is installed.
 * @param {string} name
 */
export function isHere(name) {
  const { compiler = [], runner = [] } = VARIANTS[name];
  return [...compiler, ...runner].filter(isAbsolute).every(path => existsSync(path));
}

/**
 * @param {keyof typeof VARIANTS} name
 * @returns {{ ok: boolean, output: string }} what the compiler or the tests printed
 */
export function testNative(name) {
  const variant = VARIANTS[name];
  const { runner = [] } = variant;
  const directory = join('.tools', 'native-tests', name);
  const compiled = compile(variant, directory);
  if (!compiled.ok) return compiled;
  const [command, ...args] = [...runner, join(root, directory, 'tests')];
  return run(command, args);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = argv.slice(2);
  let failed = 0;
  for (const name of wanted.length > 0 ? wanted : Object.keys(VARIANTS).filter(isHere)) {
    if (!(name in VARIANTS)) {
      console.error(`there is no variant '${name}'; choose from ${Object.keys(VARIANTS).join(', ')}`);
      exit(2);
    }
    const started = performance.now();
    const { ok, output } = testNative(/** @type {keyof typeof VARIANTS} */ (name));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${ok ? 'ok' : 'FAILED'} ${name} (${seconds} s): ${output.trim().split('\n').at(-1)}`);
    if (!ok) {
      console.log(output);
      failed += 1;
    }
  }
  exit(failed > 0 ? 1 : 0);
}

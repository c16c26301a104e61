/**
 * Real NFSv4: `node tools/nfs-lab.mjs [--only=REGEXP] [--keep]` boots a kernel as an ordinary process (user-mode Linux)
 * with an NFS server and two mounts of it. It runs tools/nfs-lab/job.mjs there with the built package, and prints each
 * case with its result and promise. Exit code 1 if a result differs from its promise.
 *
 * Not in CI: it takes minutes, and needs 45 MB of Debian packages that nothing else needs. They are unpacked into
 * .tools/nfs, so nothing is installed and root is not needed. Run `npm run build` first.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackDebian } from './setup/debian.mjs';
import { writeStamp } from './setup/stamp.mjs';

const only = (process.argv.find(arg => arg.startsWith('--only=')) ?? '').slice('--only='.length).replaceAll(' ', '.');
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PACKAGES = [
  ...[
    'user-mode-linux',
    'nfs-kernel-server',
    'nfs-common',
    'kmod',
    'e2fsprogs',
    'libkmod2',
    'libtirpc3',
    'libtirpc-common',
  ],
  ...['libnfsidmap1', 'libwrap0', 'keyutils', 'libkeyutils1', 'libevent-core-2.1-7', 'libext2fs2', 'libss2'],
];
const LIMIT_MS = 15 * 60_000;
const DISK_BYTES = 24 * 1024 ** 2;

/** @returns {Promise<string>} the folder with the packages' files */
async function packages() {
  const folder = join(ROOT, '.tools', 'nfs');
  if (existsSync(join(folder, 'setup.stamp'))) return folder;
  console.log(`fetching ${PACKAGES.length} packages into ${folder} ...`);
  const fresh = `${folder}-new`;
  rmSync(fresh, { recursive: true, force: true });
  await unpackDebian({ root: ROOT }, { names: PACKAGES, to: fresh });
  writeStamp(join(fresh, 'setup.stamp'), PACKAGES.join(' '));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return folder;
}

/**
 * @param {string} folder of the packages
 * @param {string} scratch
 */
function boot(folder, scratch) {
  const disk = join(scratch, 'disk');
  writeFileSync(disk, '');
  truncateSync(disk, DISK_BYTES);
  const made = spawnSync(join(folder, 'sbin', 'mke2fs'), ['-q', '-t', 'ext4', '-m', '0', disk], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mke2fs: ${made.stderr ?? made.error}`);
  const place = join(ROOT, 'tools', 'nfs-lab');
  const args = [
    ...['mem=3G', 'rootfstype=hostfs', 'rootflags=/', 'rw', `init=${join(place, 'init.sh')}`, `ubda=${disk}`],
    ...['con=null', 'con0=null,fd:1', 'ssl=null', `NFSLAB=${scratch}`, `NFSLAB_ROOT=${folder}`],
    `NFSLAB_ONLY=${only}`,
    ...[`NFSLAB_NODE=${realpathSync(process.execPath)}`, `NFSLAB_JOB=${join(place, 'job.mjs')}`],
  ];
  return new Promise(done => {
    const kernel = spawn(join(folder, 'usr', 'bin', 'linux.uml'), args, {
      stdio: ['ignore', 'ignore', 'ignore'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
      env: { ...process.env, TMPDIR: scratch },
    });
    kernel.on('error', error => done(error.message));
    kernel.on('exit', (code, signal) => done(signal ?? code));
  });
}

const text = file => (existsSync(file) ? readFileSync(file, 'utf8') : '');

const scratch = mkdtempSync(join(tmpdir(), 'nfs-lab-'));
try {
  const folder = await packages();
  console.log('booting; each case takes seconds ...');
  const ended = await boot(folder, scratch);
  const results = text(join(scratch, 'job.out'))
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line));
  console.log('| case | result | promise | |\n|---|---|---|---|');
  for (const { what, result, promise, good, note, seconds } of results) {
    const cell = part => String(part).replaceAll('|', '\\|').replaceAll('\n', ' ');
    const seen = `${cell(result)}${note && ` (${cell(note)})`}`;
    console.log(`| ${what} | ${seen} | ${cell(promise)} | ${good ? 'ok' : 'WRONG'}, ${seconds} s |`);
  }
  const wrong = results.filter(({ good }) => !good).length;
  const complete = text(join(scratch, 'ended')).trim() === 'ended 0';
  if (!complete) {
    console.log(`the job did not finish (kernel: ${ended})`);
    console.log(text(join(scratch, 'boot.log')) + text(join(scratch, 'job.err')));
  }
  console.log(`${results.length - wrong} as promised, ${wrong} wrong`);
  process.exitCode = wrong > 0 || !complete ? 1 : 0;
} finally {
  if (process.argv.includes('--keep')) console.log(`kept: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}

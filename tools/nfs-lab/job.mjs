/**
 * The cases, run inside the user-mode kernel: `job.mjs SERVER ONE TWO [ONLY]`. SERVER is the exported disk itself, ONE
 * and TWO are two mounts of it. Writes one line of JSON per case: what happened, what was promised, and whether the two
 * agree.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { latestCheckpoint, removeCheckpoint, updateCheckpointState, verifyCheckpoint } from '../../dist/index.js';
import { save, savedAt } from './saver.mjs';

const [server, one, two, only = ''] = process.argv.slice(2);
const SAVER = fileURLToPath(new URL('saver.mjs', import.meta.url));
const [ON_ONE, ON_TWO] = [one, two].map(mount => name => join(mount, name));

const files = name => readdirSync(join(server, name)).sort();
const codeOf = run =>
  run.then(
    () => 'saved',
    error => error.code ?? String(error),
  );
const runNow = (...args) => {
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, [SAVER, ...args.map(String)], {
    encoding: 'utf8',
  });
  return signal ?? (status === 0 ? stdout.trim() : `status ${status}: ${stderr.slice(-300)}`);
};

/** Starts a saver that goes on when it is told to. `begun` resolves when it is in the middle of its work. */
function start(...args) {
  const child = spawn(process.execPath, [SAVER, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const begun = new Promise(done => {
    child.stdout.on('data', bytes => {
      said += bytes;
      if (said.includes('begun\n')) done();
    });
    child.on('close', done);
  });
  const ended = new Promise(done => {
    child.on('close', (status, signal) => done(signal ?? (said.replace('begun\n', '').trim() || `status ${status}`)));
  });
  const end = () => {
    child.stdin.end();
    return ended;
  };
  return { begun, ended, end };
}

async function whole(name) {
  const report = await verifyCheckpoint(join(server, name, 'm'));
  return report.ok ? await savedAt(join(server, name, 'm')) : report.problems[0].message;
}

/** How many generations of data files there are. Any other file beside m.index counts as one more. */
function generations(name) {
  const all = files(name).filter(file => file !== 'm.index');
  const totals = new Set(all.map(file => /^m\.data-\d+-of-(\d+)$/.exec(file)?.[1] ?? file));
  return totals.size;
}

const CASES = {
  'fresh save, durable and not': async name => {
    const results = [];
    for (const durable of [true, false]) {
      const prefix = join(ON_ONE(name), `m${durable ? '' : 'n'}`);
      await save(prefix, 1, { durable });
      results.push(await savedAt(prefix), await savedAt(join(ON_TWO(name), `m${durable ? '' : 'n'}`)));
    }
    return [results.join(' '), '1 1 1 1'];
  },
  'overwrites, read on the other mount after each': async name => {
    const seen = [];
    for (let k = 1; k <= 6; k++) {
      await save(join(ON_ONE(name), 'm'), k, { durable: k % 2 === 0 });
      seen.push(await savedAt(join(ON_TWO(name), 'm')));
    }
    return [`${seen.join(' ')}, generations ${generations(name)}`, '1 2 3 4 5 6, generations 1'];
  },
  'overwrite keepPrevious, in place, error': async name => {
    const prefix = join(ON_ONE(name), 'm');
    await save(prefix, 1);
    const results = [await codeOf(save(prefix, 2, { keepPrevious: true })), generations(name)];
    results.push(await codeOf(save(prefix, 3, { overwrite: 'in-place' })), await whole(name));
    results.push(await codeOf(save(prefix, 4, { overwrite: 'error' })), await whole(name));
    return [results.join(' '), 'saved 2 saved 3 ERR_EXISTS 3'];
  },
  'after a SIGKILL': async name => {
    const prefix = join(ON_ONE(name), 'm');
    await save(prefix, 1);
    const killed = [runNow('kill', prefix, 2), runNow('kill', join(ON_TWO(name), 'm'), 3)];
    const left = files(name).filter(file => file.includes('intent')).length;
    const after = await codeOf(save(prefix, 4));
    return [
      `${killed} intents ${left}, ${after} ${await whole(name)}, generations ${generations(name)}`,
      'SIGKILL,SIGKILL intents 1, saved 4, generations 1',
    ];
  },
  'beside a live save on the other mount': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const live = start('wait', join(ON_TWO(name), 'm'), 9);
    await live.begun;
    const results = [];
    for (const k of [2, 3]) results.push(await codeOf(save(join(ON_ONE(name), 'm'), k)), await whole(name));
    results.push(
      await live.end(),
      await whole(name),
      await codeOf(save(join(ON_ONE(name), 'm'), 4)),
      generations(name),
    );
    return [results.join(' '), 'saved 2 saved 3 saved 9 saved 1'];
  },
  'removeCheckpoint beside a live save, and after a killed one': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    runNow('kill', join(ON_TWO(name), 'm'), 2);
    const live = start('wait', join(ON_TWO(name), 'm'), 9);
    await live.begun;
    await removeCheckpoint(join(ON_ONE(name), 'm'));
    const results = [await live.end(), await whole(name)];
    await removeCheckpoint(join(ON_ONE(name), 'm'));
    return [`${results.join(' ')}, left: ${files(name)}`, 'saved 9, left: '];
  },
  'two savers and a reader on two mounts': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const reader = start('read', join(ON_TWO(name), 'm'));
    const savers = [start('many', join(ON_ONE(name), 'm'), 100, 30), start('many', join(ON_TWO(name), 'm'), 200, 30)];
    const results = await Promise.all(savers.map(saver => saver.ended));
    const read = await reader.end();
    await save(join(ON_ONE(name), 'm'), 5);
    return [
      `${results.join(', ')}; then ${await whole(name)}, generations ${generations(name)}; ${read}`,
      /^all saved, all saved; then 5, generations 1; [1-9]\d* reads, \{\}$/,
    ];
  },
  'not durable, one save per process, on two mounts': async name => {
    for (let k = 1; k <= 10; k++)
      runNow('save', join(k % 2 ? ON_ONE(name) : ON_TWO(name), 'm'), k, '{"durable":false}');
    const count = generations(name);
    return [`${await whole(name)}, at most 3 generations: ${count <= 3 || count}`, '10, at most 3 generations: true'];
  },
  "the server's disk fills up during a save": async name => {
    const prefix = join(ON_ONE(name), 'm');
    await save(prefix, 1);
    const results = [];
    const filler = join(server, 'filler');
    for (const durable of [true, false]) {
      const fill = async () => {
        for (const size of ['64k', '1k'])
          spawnSync('sh', ['-c', `dd if=/dev/zero bs=${size} >> ${filler} 2>/dev/null; sync`]);
      };
      results.push(await codeOf(save(prefix, 2, { durable }, fill)), await whole(name));
      await fill();
      results.push(
        await codeOf(updateCheckpointState(ON_ONE(name), { modelCheckpointPath: 'x'.repeat(9000), durable })),
      );
      rmSync(filler, { force: true });
      results.push(files(name).filter(file => /intent|tmp/.test(file)).length);
      results.push(await latestCheckpoint(ON_ONE(name)));
    }
    results.push(await codeOf(save(prefix, 3)), await whole(name));
    const full = 'ERR_NO_SPACE 1 ERR_NO_SPACE 0 ';
    return [results.map(result => result ?? '').join(' '), `${full} ${full} saved 3`];
  },
  'a small file at the very end of the disk': async name => {
    await updateCheckpointState(ON_ONE(name), { modelCheckpointPath: join(ON_ONE(name), 'first') });
    const filler = join(server, 'filler');
    for (const size of ['64k', '1k'])
      spawnSync('sh', ['-c', `dd if=/dev/zero bs=${size} >> ${filler} 2>/dev/null; sync`]);
    const free = statfsSync(server).bavail;
    const code = await codeOf(
      updateCheckpointState(ON_ONE(name), { modelCheckpointPath: 'y'.repeat(20_000), durable: false }),
    );
    rmSync(filler);
    const text = readFileSync(join(server, name, 'checkpoint'), 'utf8').slice(0, 31);
    return [
      `${free} blocks free, ${code}, ${text.trim()}`,
      '0 blocks free, ERR_NO_SPACE, model_checkpoint_path: "first"',
    ];
  },
  "a live save's locks expire on the server": async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const live = start('wait', join(ON_TWO(name), 'm'), 9);
    await live.begun;
    const clients = '/proc/fs/nfsd/clients';
    for (const client of readdirSync(clients)) writeFileSync(join(clients, client, 'ctl'), 'expire\n');
    const saved = await codeOf(save(join(ON_ONE(name), 'm'), 2));
    const between = await whole(name);
    const end = await live.end();
    const last = await whole(name);
    const good = saved === 'saved' && between === 2 && (end === 'saved' ? last === 9 : /^ERR_/.test(end) && last === 2);
    return [
      good ? 'the checkpoint is one of the two, whole' : `${saved} ${between} ${end} ${last}`,
      'the checkpoint is one of the two, whole',
      `the live one: ${end.slice(0, 60)}`,
    ];
  },
  'the server restarts during a save': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const live = start('wait', join(ON_TWO(name), 'm'), 9);
    await live.begun;
    writeFileSync('/proc/fs/nfsd/threads', '0\n');
    await delay(1000);
    writeFileSync('/proc/fs/nfsd/threads', '4\n');
    const saved = await codeOf(save(join(ON_ONE(name), 'm'), 2, { lockTimeoutMs: 60_000 }));
    return [`${saved} ${await live.end()} ${await whole(name)}`, 'saved saved 9'];
  },
  'overwrites of the same client under a reader': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const reader = start('view', join(ON_ONE(name), 'm'), 1);
    await reader.begun;
    for (const k of [2, 3]) await save(join(ON_ONE(name), 'm'), k);
    const result = await reader.end();
    await save(join(ON_ONE(name), 'm'), 4);
    const silly = files(name).filter(file => file.startsWith('.nfs')).length;
    return [`${result}; .nfs files left: ${silly}`, 'what was read is right, a later read right; .nfs files left: 0'];
  },
  'overwrites on the server under a reader (ESTALE)': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const reader = start('view', join(ON_ONE(name), 'm'), 1);
    await reader.begun;
    for (const k of [2, 3]) await save(join(server, name, 'm'), k);
    return [await reader.end(), /^what was read is right, a later read (right|ERR_\w+)$/];
  },
  'a data file truncated on the server under a reader': async name => {
    await save(join(ON_ONE(name), 'm'), 1);
    const reader = start('view', join(ON_ONE(name), 'm'), 1);
    await reader.begun;
    for (const file of files(name).filter(file => file.includes('data'))) truncateSync(join(server, name, file), 0);
    await delay(4000);
    spawnSync('sh', ['-c', 'echo 3 > /proc/sys/vm/drop_caches']);
    return [await reader.end(), /^what was read is right, a later read (right|ERR_\w+)$/];
  },
  'the directory is removed on the server': async name => {
    const prefix = join(ON_ONE(name), 'm');
    await save(prefix, 1);
    rmSync(join(server, name), { recursive: true });
    const read = await codeOf(savedAt(prefix));
    const saved = await codeOf(save(prefix, 2));
    return [
      `${/^ERR_/.test(read) ? 'typed' : read} ${/^ERR_|^saved$/.test(saved) ? 'typed or saved' : saved}`,
      'typed typed or saved',
      `${read} ${saved}`,
    ];
  },
  'a CheckpointManager, from process to process': async name => {
    const program = `
      import * as tf from '@tensorflow/tfjs';
      import { Checkpoint, CheckpointManager, keepBest } from './dist/tfjs.js';
      const [directory, k] = process.argv.slice(1);
      const v = tf.variable(tf.scalar(0));
      const retention = [keepBest({ metric: 'loss', mode: 'min' })];
      const manager = new CheckpointManager(new Checkpoint({ v }), directory, { maxToKeep: 2, retention });
      await manager.restoreOrInitialize();
      const before = v.dataSync()[0];
      v.assign(tf.scalar(Number(k)));
      await manager.save({ metrics: { loss: Number(k) } });
      console.log(before);`;
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const seen = [1, 2, 3, 4].map(k =>
      execFileSync(
        process.execPath,
        ['--input-type=module', '-e', program, k % 2 ? ON_ONE(name) : ON_TWO(name), String(k)],
        {
          cwd: root,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      )
        .trim()
        .split('\n')
        .at(-1),
    );
    const kept = files(name).filter(file => file.endsWith('.index'));
    return [
      `${seen.join(' ')}; ${kept.join(' ')}`,
      /^0 1 2 3; (ckpt-1\.index ckpt-3\.index|ckpt-3\.index|ckpt-1\.index) ckpt-4\.index$/,
    ];
  },
};

let number = 0;
for (const [what, run] of Object.entries(CASES)) {
  if (!new RegExp(only).test(what)) continue;
  const name = `case${++number}`;
  mkdirSync(join(server, name));
  const started = performance.now();
  const [result, promise, note = ''] = await run(name).catch(error => [
    `${error.code ?? ''} ${error.stack}`,
    'no error',
  ]);
  const good = promise instanceof RegExp ? promise.test(result) : promise === result;
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  console.log(JSON.stringify({ what, result, promise: String(promise), good, note, seconds }));
  rmSync(join(server, name), { recursive: true, force: true });
}

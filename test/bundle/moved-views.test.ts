/**
 * Views whose buffer a caller has moved away (`transfer()`, Node 22 and later): the reader maps anew. On every Node
 * that there is.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { CheckpointWriter } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { hostNodes } from '../package/lives/nodes.js';
import { CHECKOUT } from '../package/pack.js';

const scratch = new Scratch('moved-views');
const VALUES = 4096;
let prefix: string;

beforeAll(async () => {
  prefix = join(scratch.directory(), 'model');
  const writer = new CheckpointWriter(prefix, { durable: false });
  for (const name of ['a', 'b']) {
    writer.add(name, { dtype: 'float32', shape: [VALUES], data: new Float32Array(VALUES).fill(name === 'a' ? 1 : 2) });
  }
  writer.add('text', { dtype: 'string', shape: [1], data: ['text'] });
  await writer.finish();
});

/** What a script prints as JSON. */
function printed(command: readonly string[], env: object, script: string): unknown {
  const [file, ...flags] = command;
  const child = spawnSync(file!, [...flags, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect({ status: child.status, signal: child.signal, stderr: child.stderr }).toMatchObject({
    status: 0,
    signal: null,
    stderr: '',
  });
  return JSON.parse(child.stdout);
}

const nodes = hostNodes().filter(({ version }) => Number(version.split('.')[0]) >= 22);

test.each(nodes)('later reads of the data file are views again (Node $version)', ({ command, env }) => {
  const script = `
    const { CheckpointReader } = await import(${JSON.stringify(pathToFileURL(join(CHECKOUT, 'dist', 'index.js')))});
    const sum = array => array.reduce((total, n) => total + n, 0);
    const seen = [];
    const ways = {
      transfer: buffer => buffer.transfer(),
      smaller: buffer => buffer.transfer(8),
      fixed: buffer => buffer.transferToFixedLength(),
    };
    for (const verify of ['read', 'never']) {
      const reader = await CheckpointReader.open(${JSON.stringify(prefix)}, { verify });
      // Two reads that wait for one mapping, whose first is moved away at once: the other is a view of it too, or a new
      // one.
      const first = reader.read('a').then(({ data }) => { data.buffer.transfer(); });
      const [, other] = await Promise.all([first, reader.read('b')]);
      seen.push(other.data.length % ${VALUES});
      for (const move of Object.values(ways)) {
        const { data } = await reader.read('a');
        move(data.buffer);
        seen.push(data.length);
        const [a, b, again] = await Promise.all(['a', 'b', 'a'].map(async name => (await reader.read(name)).data));
        seen.push(sum(a), sum(b), a.buffer === again.buffer && b.buffer === a.buffer);
      }
      seen.push(sum((await reader.read('a', { copy: true })).data), (await reader.verify()).ok);
      await reader.close();
    }
    console.log(JSON.stringify(seen));`;
  const moved = [0, VALUES, 2 * VALUES, true];
  const one = [0, ...moved, ...moved, ...moved, VALUES, true];
  expect(printed(command, env, script)).toEqual([...one, ...one]);
});

test.each(nodes)('none of many is gone, whenever one was moved away meanwhile (Node $version)', ({ command, env }) => {
  const script = `
    const { CheckpointReader } = await import(${JSON.stringify(pathToFileURL(join(CHECKOUT, 'dist', 'index.js')))});
    let moves = 0;
    const lengths = new Set();
    for (let turns = 0; turns < 60; turns++) {
      const reader = await CheckpointReader.open(${JSON.stringify(prefix)}, { verify: 'never' });
      let isDone = false;
      const all = reader.readAll(['a', 'text', 'b']).finally(() => { isDone = true; });
      for (let turn = 0; turn < turns; turn++) await null;
      const { data } = await reader.read('b');
      if (!isDone) {
        data.buffer.transfer();
        moves++;
      }
      for (const { data } of await all) lengths.add(data.length);
      await reader.close();
    }
    console.log(JSON.stringify([moves > 0, ...lengths]));`;
  expect(printed(command, env, script)).toEqual([true, VALUES, 1]);
});

/** Files of models that somebody else wrote: what a save over them removes, and what loading them costs. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactsIn } from '../../src/handlers/checkpoint-artifacts.js';
import { readWeightFiles, saveModelFiles } from '../../src/handlers/model-files.js';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-models-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
function fresh(): string {
  const directory = join(scratch, String(++runs), 'model');
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function loadArtifacts(prefix: string): ReturnType<typeof artifactsIn> {
  const reader = await CheckpointReader.open(prefix);
  return await artifactsIn(reader).finally(() => reader.close());
}

const weights = { specs: [], sizes: [], bytes: () => Promise.resolve(new Uint8Array(0)) };
const all = (directory: string): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();

describe('model.json', () => {
  it('a save removes no file that the old one names, unless it lies there under a name of weights', async () => {
    const directory = fresh();
    const hex = '0123456789abcdef';
    const stays = [
      '../weights.bin',
      `../weights-${hex}.bin`,
      'sub/weights.bin',
      `sub/weights-${hex}.bin`,
      'notes.txt',
      'group1-shard1of1.bin',
      `weights-${hex}.bin.old`,
      `weights-${hex.toUpperCase()}.bin`,
      `xweights-${hex}.bin`,
      'target.bin',
    ];
    mkdirSync(join(directory, 'sub'));
    for (const name of [...stays, 'weights.bin', `weights-${hex}.bin`]) writeFileSync(join(directory, name), name);
    symlinkSync('target.bin', join(directory, `weights-${hex}.1.bin`));
    const paths = [
      ...stays,
      'weights.bin',
      `sub/../weights-${hex}.bin`,
      join(directory, 'notes.txt'),
      '.',
      '..',
      '',
      7,
    ];
    writeFileSync(join(directory, 'model.json'), JSON.stringify({ weightsManifest: [{ paths, weights: [] }] }));
    await saveModelFiles(directory, { modelTopology: {} }, weights as never);
    for (const name of stays) expect(readFileSync(join(directory, name), 'utf8'), name).toBe(name);
    const left = all(directory).filter(name => !stays.includes(name));
    expect(left).toEqual(['model.json', 'sub', expect.stringMatching(/^weights-[0-9a-f]{16}\.bin$/)]);
    expect(left).not.toContain(`weights-${hex}.bin`);
  });

  it('a file of weights that is named twice is not read twice', async () => {
    const directory = fresh();
    writeFileSync(join(directory, 'w.bin'), 'abcd');
    const specs = [{ name: 'w', shape: [1], dtype: 'float32' as const }];
    expect((await readWeightFiles(directory, [{ paths: ['w.bin'], weights: specs }]))[1]).toHaveLength(1);
    const twice = readWeightFiles(directory, [{ paths: Array(100_000).fill('w.bin') as string[], weights: specs }]);
    await expect(twice).rejects.toMatchObject({ code: 'ERR_CORRUPT', path: join(directory, 'model.json') });
  });
});

describe('artifacts in a checkpoint', () => {
  async function put(text: string): Promise<string> {
    const prefix = join(fresh(), 'm');
    const writer = new CheckpointWriter(prefix, { durable: false });
    writer.add('w', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
    writer.add('.TENSORBUNDLE/artifacts', { dtype: 'string', shape: [], data: [new TextEncoder().encode(text)] });
    await writer.finish();
    return prefix;
  }

  it('are read', async () => {
    const { weightData } = (await loadArtifacts(await put('{"weightSpecs":[{"name":"w"}]}')))!;
    expect(weightData).toEqual([new ArrayBuffer(4)]);
  });

  it.each(['', '{', 'null', '7', '{"weightSpecs":7}', '{"weightSpecs":[null]}', '{"weightSpecs":[{"name":7}]}'])(
    '%s is ERR_CORRUPT',
    async text => {
      await expect(loadArtifacts(await put(text))).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
    },
  );

  it('a weight that is named 100,000 times is not read so often', async () => {
    const prefix = await put(`{"weightSpecs":[${Array(100_000).fill('{"name":"w"}').join(',')}]}`);
    await expect(loadArtifacts(prefix)).rejects.toMatchObject({ code: 'ERR_CORRUPT', path: prefix });
  });
});

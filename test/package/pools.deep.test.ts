/** The published addon in each pool of vitest, as users' own tests run it: a real run in a folder of its own. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPackage } from './install.js';
import { start } from './lives/live.js';
import { hostNodes } from './lives/nodes.js';
import { CHECKOUT } from './pack.js';

/** Two of these run at once, so that in pool `threads` two workers load the addon, and the main thread never does. */
const SUITE = `
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { CheckpointReader, CheckpointWriter, verifyCheckpoint } from 'tensorbundle';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder;
beforeAll(() => { folder = mkdtempSync('saved-'); });
afterAll(() => rmSync(folder, { recursive: true }));

test('runs where this pool runs', () => expect(isMainThread).toBe(process.env.POOL_IS_MAIN === 'true'));

test('saves, overwrites and reads', async () => {
  for (const last of [3, 4]) {
    const writer = new CheckpointWriter(join(folder, 'model'), { shards: 2 });
    writer.add('kernel', { dtype: 'float32', shape: [2, 2], data: new Float32Array([1, 2, 3, last]) });
    writer.add('step', { dtype: 'int64', shape: [], data: new BigInt64Array([7n]) });
    await writer.finish();
  }
  const reader = await CheckpointReader.open(join(folder, 'model'));
  globalThis.views = [(await reader.read('kernel')).data];
  expect([...globalThis.views[0]]).toEqual([1, 2, 3, 4]);
  expect(await verifyCheckpoint(join(folder, 'model'))).toMatchObject({ ok: true });
});

test('ends while it saves', () => {
  const writer = new CheckpointWriter(join(folder, 'late'));
  writer.add('big', { dtype: 'float32', shape: [1 << 20], data: new Float32Array(1 << 20) });
  void writer.finish().catch(() => undefined);
});
`;

let work: string;
let folder: string;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-pools-')));
  ({ folder } = installPackage(work));
  symlinkSync(join(CHECKOUT, 'node_modules', 'vitest'), join(folder, 'node_modules', 'vitest'));
  mkdirSync(join(folder, 'test'));
  for (const name of ['one', 'two']) writeFileSync(join(folder, 'test', `${name}.test.js`), SUITE);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const POOLS = [
  { pool: 'threads', isMain: false },
  { pool: 'vmThreads', isMain: false },
  { pool: 'forks', isMain: true },
  { pool: 'vmForks', isMain: true },
];

test.each(POOLS)('--pool=$pool', async ({ pool, isMain }) => {
  const vitest = join(dirname(realpathSync(join(folder, 'node_modules', 'vitest', 'package.json'))), 'vitest.mjs');
  for (const node of hostNodes()) {
    const args = [vitest, 'run', `--pool=${pool}`, '--maxWorkers=2', '--reporter=json', '--no-color'];
    // Not the variables of the vitest that runs this.
    const env = {
      POOL_IS_MAIN: String(isMain),
      VITEST: '',
      VITEST_POOL_ID: '',
      VITEST_WORKER_ID: '',
      NODE_ENV: 'test',
    };
    const { stdout, stderr, status, signal } = await start(node, args, folder, env);
    expect({ status, signal }, `Node ${node.version}: ${stdout}\n${stderr}`).toEqual({ status: 0, signal: null });
    expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 6, numFailedTests: 0, numPendingTests: 0 });
  }
});

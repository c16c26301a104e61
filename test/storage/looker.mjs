// For reading.test.ts: `looker.mjs PREFIX K`. Reads without `copy`, says "read", waits for a line, and looks at what it
// has.
import { CheckpointReader } from '../../dist/index.js';

const [prefix, k] = process.argv.slice(2);
const reader = await CheckpointReader.open(prefix);
const { data } = await reader.read('large');
process.stdout.write('read\n');
await new Promise(done => process.stdin.once('data', done));
const right = data.every(value => value === Number(k));
const later = await reader.read('layer/kernel').then(
  () => 'read',
  error => error.code,
);
process.stdout.write(`${right ? 'right' : 'WRONG'} ${later}\n`);
process.exit(0);

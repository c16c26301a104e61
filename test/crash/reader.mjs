// Opens and reads one prefix again and again until its standard input ends, in a process of its own; answers with
// counts. argv[2]: prefix. A live view of the first checkpoint is kept and compared at the end.
import { CheckpointReader } from '../../dist/index.js';

const prefix = process.argv[2];
const counts = { reads: 0, mixed: 0, errors: [], distinct: 0, viewsChanged: 0 };
const seen = new Set();
const kept = [];
let stop = false;
process.stdin.resume().on('end', () => {
  stop = true;
});

function numberOf(data) {
  return Number(data[0]);
}

while (!stop) {
  try {
    const reader = await CheckpointReader.open(prefix);
    const bias = numberOf((await reader.read('layer/bias')).data);
    for (const name of reader.names()) {
      const { dtype, data } = await reader.read(name);
      const good =
        dtype === 'string'
          ? Buffer.from(data[0]).toString() === `save ${bias}` && Buffer.from(data[1]).toString() === `${bias}`
          : data.every(value => value === bias);
      if (!good) counts.mixed++;
      if (name === 'large' && kept.length < 50 && !seen.has(bias)) kept.push({ bias, data });
    }
    await reader.close();
    seen.add(bias);
    counts.reads++;
    if (counts.reads === 1) console.log('ready');
  } catch (error) {
    counts.errors.push(`${error.code}: ${error.message}`);
  }
}
for (const { bias, data } of kept) if (!data.every(value => value === bias)) counts.viewsChanged++;
counts.distinct = seen.size;
console.log(JSON.stringify(counts));

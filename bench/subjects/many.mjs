/** Saves, opens, or reads many small tensors. */
import { join } from 'node:path';
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';
import { answer, args, timed, warmUp } from './measured.mjs';
import { PREFIX } from './tensors.mjs';

const VALUES = 16;
const { run, directory, count } = args;
const prefix = join(directory, PREFIX);

async function save() {
  const tensors = Array.from({ length: count }, (_, i) => new Float32Array(VALUES).fill(i));
  return timed(() => {
    const writer = new CheckpointWriter(prefix, { durable: false });
    for (let i = 0; i < count; i++) {
      writer.add(`layer-${i}/kernel/.ATTRIBUTES/VARIABLE_VALUE`, {
        dtype: 'float32',
        shape: [VALUES],
        data: tensors[i],
      });
    }
    return writer.finish();
  });
}

function open() {
  return timed(async () => {
    const reader = await CheckpointReader.open(prefix);
    const found = reader.names().length;
    await reader.close();
    if (found !== count) throw new Error(`${found} names instead of ${count}`);
  });
}

function restore() {
  return timed(async () => {
    const reader = await CheckpointReader.open(prefix);
    const tensors = await Promise.all(reader.names().map(name => reader.read(name)));
    await reader.close();
    return tensors;
  });
}

await warmUp(count);
const { seconds } = await { save, open, restore }[run]();
answer({ seconds });

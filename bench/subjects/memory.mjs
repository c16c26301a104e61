/** Measures the memory that a save or a verified load takes beyond the tensors. */
import { join } from 'node:path';
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';
import { answer, args, timed, warmUp } from './measured.mjs';
import { resetPeak, resident } from './resident.mjs';
import { makeTensors, PREFIX } from './tensors.mjs';

const { run, directory, bytes, shards } = args;
const prefix = join(directory, PREFIX);

async function save() {
  const tensors = makeTensors(bytes);
  await warmUp();
  resetPeak();
  const before = resident('VmRSS');
  const { seconds } = await timed(() => {
    const writer = new CheckpointWriter(prefix, { shards });
    for (const { name, ...tensor } of tensors) writer.add(name, tensor);
    return writer.finish();
  });
  return { seconds, extraBytes: resident('VmHWM') - before };
}

async function load() {
  await warmUp();
  globalThis.gc();
  const before = resident('RssAnon');
  let peak = before;
  const look = () => {
    peak = Math.max(peak, resident('RssAnon'));
  };
  const timer = setInterval(look, 2);
  const { seconds, value } = await timed(async () => {
    const reader = await CheckpointReader.open(prefix);
    const tensors = await Promise.all(reader.names().map(name => reader.read(name)));
    look();
    await reader.close();
    return tensors;
  });
  clearInterval(timer);
  return { seconds, extraBytes: peak - before, tensors: value.length };
}

answer(await { save, load }[run]());

/** One save of the benchmark's tensors. */
import { join } from 'node:path';
import { CheckpointWriter } from 'tensorbundle';
import { answer, args, timed, warmUp } from './measured.mjs';
import { makeTensors, PREFIX } from './tensors.mjs';

const { directory, bytes, durable, shards } = args;
const tensors = makeTensors(bytes);
await warmUp();
const { seconds, value } = await timed(() => {
  const writer = new CheckpointWriter(join(directory, PREFIX), { durable, shards });
  for (const { name, ...tensor } of tensors) writer.add(name, tensor);
  return writer.finish();
});
answer({ seconds, bytes, shards: value.shards });

/** One verified load of all tensors: as views, as views of which every page is then read, or as copies. */
import { join } from 'node:path';
import { CheckpointReader } from 'tensorbundle';
import { answer, args, timed, warmUp } from './measured.mjs';
import { PREFIX } from './tensors.mjs';

const { directory, mode } = args;
await warmUp();
const { seconds, value } = await timed(async () => {
  const reader = await CheckpointReader.open(join(directory, PREFIX));
  const tensors = await Promise.all(reader.names().map(name => reader.read(name, { copy: mode === 'copied' })));
  const sum = mode === 'touched' ? tensors.reduce((total, { data }) => total + touch(data), 0) : 0;
  await reader.close();
  return { tensors, sum };
});
const bytes = value.tensors.reduce((total, { data }) => total + data.byteLength, 0);
answer({ seconds, bytes, sum: value.sum });

function touch(data) {
  let sum = 0;
  for (let i = 0; i < data.length; i += 1024) sum += data[i];
  return sum;
}

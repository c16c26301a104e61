/** An iterator in a checkpoint: it goes on at the next element, shuffled or not. */
import { Checkpoint, Dataset } from 'tensorbundle/tfjs';

const numbers = () => Dataset.fromArray([...Array(10).keys()]).shuffle(4, 7);
const iterator = await numbers().iterator();
const seen = [];
for (let i = 0; i < 4; i++) seen.push((await iterator.next()).value);
const path = await new Checkpoint({ iterator }).save('iterator/ckpt');
const rest = await iterator.toArray();

const resumed = await numbers().iterator();
await new Checkpoint({ iterator: resumed }).restore(path);
console.log(`seen ${seen.length}, the same follows: ${String(await resumed.toArray()) === String(rest)}`);

/**
 * This library's side of the requests that peers get, too: saves, loads and opens a checkpoint of tensors from memory.
 * `{ requests }` are carried out one after another in this process.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';
import { answer, args, repeated, warmUp } from './measured.mjs';
import { watched, watchedAnonymous } from './resident.mjs';
import { layoutBytes, makeTensors, PREFIX, tensorName } from './tensors.mjs';

const prefixOf = ({ directory }) => join(directory, PREFIX);

async function save(request) {
  const { directory, layout, durable = true, shards = 1, overwrite = false, repeats = 1 } = request;
  const tensors = makeTensors(layout);
  // Made before: to add tensors is measured, and not to take the objects of this benchmark apart.
  const given = tensors.map(({ name, ...tensor }) => [name, tensor]);
  const { value: times, peakBytes } = await watched(() =>
    repeated(
      repeats,
      () => {
        const writer = new CheckpointWriter(prefixOf(request), { durable, shards });
        for (const [name, tensor] of given) writer.add(name, tensor);
        return writer.finish();
      },
      i => (i > 0 && !overwrite ? emptied(directory) : undefined),
    ),
  );
  const how = `add and finish${durable ? '' : ', durable: false'}`;
  const about = { bytes: layoutBytes(tensors), tensors: tensors.length, peakRssBytes: peakBytes };
  return { ...timesOf(times), ...about, verifies: true, syncs: durable, how };
}

/** `mode`: 'views', 'touched' (views of which one value of each page is read) or 'copied'. */
async function load(request) {
  const { mode = 'views', repeats = 1, partial, verify = 'read' } = request;
  let tensors = [];
  const { value, anonymousBytes } = await watchedAnonymous(look =>
    watched(() =>
      repeated(
        repeats,
        async () => {
          const reader = await CheckpointReader.open(prefixOf(request), { verify });
          tensors = partial ? [await readPart(reader, partial)] : await readAll(reader, mode === 'copied');
          if (mode === 'touched') for (const { data } of tensors) touch(data);
          await reader.close();
          look();
        },
        async () => {
          const isMuch = layoutBytes(tensors) > MUCH_BYTES;
          tensors = [];
          if (isMuch) await freed();
        },
      ),
    ),
  );
  const bytes = layoutBytes(tensors);
  const peakRssBytes = Math.max(0, value.peakBytes - bytes);
  const about = { bytes, tensors: tensors.length, peakRssBytes, anonymousBytes };
  return { ...timesOf(value.value), ...about, verifies: verify !== 'never', how: `open and read, ${mode}` };
}

/** Opens and lists the names. */
async function open(request) {
  let tensors = 0;
  const times = await repeated(request.repeats ?? 1, async () => {
    const reader = await CheckpointReader.open(prefixOf(request));
    tensors = reader.names().length;
    await reader.close();
  });
  return { ...timesOf(times), tensors, how: 'open and names' };
}

const readAll = (reader, copy) => reader.readAll(reader.names(), { copy });

function readPart(reader, { begin, length }) {
  const rest = reader.entry(tensorName(0)).shape.slice(1);
  return reader.read(tensorName(0), { begin: [begin, ...rest.map(() => 0)], size: [length, ...rest] });
}

/** Less is left to V8: a collection that is asked for also throws away what it knows about the code. */
const MUCH_BYTES = 64 * 2 ** 20;

/** Waits until memory that nobody refers to is free, as TensorFlow's is at once. */
async function freed() {
  globalThis.gc?.();
  await nextTurn();
}

let sum = 0;
function touch(data) {
  for (let i = 0; i < data.length; i += 1024) sum += data[i];
}

const timesOf = times => ({ seconds: times[0], blockingSeconds: times[0], times });

async function emptied(directory) {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
}

const RUNS = { save, load, open };
const run = request => RUNS[request.run](request);

if ((args.requests?.[0] ?? args).warm !== false) {
  const { count, shapes } = (args.requests?.[0] ?? args).layout ?? {};
  await warmUp(count ?? shapes?.length);
}
if (args.requests) {
  const replies = [];
  for (const request of args.requests) {
    const reply = await run(request);
    replies.push(reply);
    if (reply.bytes > MUCH_BYTES) await freed();
  }
  answer({ replies, sum });
} else {
  answer({ ...(await run(args)), sum });
}

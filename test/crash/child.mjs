// One save (or removal) in a process of its own, on the engine that TENSORBUNDLE_BINDING names; answers with one JSON
// line. argv[2]: { action, prefix, tensors, options, faults }.
import { createRequire } from 'node:module';
import { CheckpointWriter, removeCheckpoint, updateCheckpointState } from '../../dist/index.js';

const { action, prefix, tensors, options, faults, state } = JSON.parse(process.argv[2]);
const engine = createRequire(import.meta.url)(process.env.TENSORBUNDLE_BINDING);

function dataOf({ dtype, values }) {
  if (dtype === 'string') return values.map(text => new TextEncoder().encode(text));
  return dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
}

async function run() {
  if (action === 'remove') return removeCheckpoint(prefix);
  if (action === 'state') return updateCheckpointState(state.directory, state.update);
  const writer = new CheckpointWriter(prefix, options);
  for (const tensor of tensors) writer.add(tensor.name, { ...tensor, data: dataOf(tensor) });
  await writer.finish();
}

engine.setFaults(faults ?? []);
try {
  await run();
  console.log(JSON.stringify({ operations: engine.operations() }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code ?? String(error), message: error.message }));
}

/**
 * One save of a directory in a process of its own that a fault may kill: joined into one script, because the package
 * does not export what it calls. argv[2]: { path, from, shards, durable, faults }. What it saves are the files of the
 * SavedModel `from`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { nextCall } from '../../src/commit/call-order.js';
import { saveDirectory } from '../../src/commit/directories/directory-save.js';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { isSavedModelFile } from '../../src/training/savedmodel/stored/own-files.js';
import type { Fault, FaultBinding } from '../native/fault-binding.js';

export interface ChildJob {
  path: string;
  from: string;
  shards: number;
  durable: boolean;
  faults: readonly Fault[];
}

const { path, from, shards, durable, faults } = JSON.parse(process.argv[2]!) as ChildJob;
const engine = createRequire(import.meta.url)(process.env.TENSORBUNDLE_BINDING!) as FaultBinding;
const files = ['fingerprint.pb', 'saved_model.pb'].map(name => [name, readFileSync(join(from, name))] as const);
const reader = await CheckpointReader.open(join(from, 'variables/variables'));
const tensors = new Map(await Promise.all(reader.names().map(async name => [name, await reader.read(name)] as const)));
await reader.close();
engine.setFaults(faults);
const options = { durable, call: nextCall() };
await saveDirectory(path, options, isSavedModelFile, async staged => {
  await staged.makeDirectory('assets');
  for (const [name, bytes] of files) await staged.writeFile(name, bytes);
  const writer = new CheckpointWriter(join(staged.path, 'variables/variables'), { shards, durable });
  for (const [name, { dtype, shape, data }] of tensors) writer.add(name, { dtype, shape, data } as never);
  await writer.finish();
});
console.log(JSON.stringify(engine.operations()));

// A worker thread that asks for a save before the end; tells the codes of the process warnings. Needs the built `dist`.
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { Checkpoint, CheckpointManager } from '../../../dist/tfjs.js';

const codes = [];
process.on('warning', ({ code }) => {
  if (code?.startsWith('TENSORBUNDLE')) codes.push(code);
});
const manager = new CheckpointManager(new Checkpoint({}), '/tmp/none', { maxToKeep: 1 });
const savers = [manager.saveBeforePreemption(), manager.saveBeforePreemption()];
await setImmediate();
for (const saver of savers) await saver.close();
parentPort.postMessage(codes);

/**
 * One save of one file in a process of its own that a fault may kill: joined into one script, because the package does
 * not export what it calls. argv[2]: { path, k, durable, faults, times }.
 */
import { createRequire } from 'node:module';
import type { Fault, FaultBinding } from '../native/fault-binding.js';
import { saveAt } from './saved-file.js';

export interface FileJob {
  path: string;
  k: number;
  durable: boolean;
  faults: readonly Fault[];
  /** Saves, one after the other. Default 1. */
  times?: number;
}

const { path, k, durable, faults, times = 1 } = JSON.parse(process.argv[2]!) as FileJob;
const engine = createRequire(import.meta.url)(process.env.TENSORBUNDLE_BINDING!) as FaultBinding;
engine.setFaults(faults);
for (let i = 0; i < times; i++) await saveAt(path, k, { durable });
console.log(JSON.stringify(engine.operations()));

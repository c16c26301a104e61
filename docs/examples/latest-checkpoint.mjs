/** The latest checkpoint of a directory, and the latest that is whole. */
import { appendFileSync, truncateSync } from 'node:fs';
import { latestCheckpoint, latestValidCheckpoint } from 'tensorbundle';
import { Checkpoint, CheckpointManager } from 'tensorbundle/tfjs';
import { createModel } from './network.mjs';

const manager = new CheckpointManager(new Checkpoint({ model: createModel() }), 'run', { maxToKeep: 3 });
for (let i = 0; i < 4; i++) await manager.save();
console.log(await latestCheckpoint('run'));
truncateSync('run/ckpt-4.data-00000-of-00001', 100);
appendFileSync('run/ckpt-4.data-00000-of-00001', 'damage');
console.log(await latestValidCheckpoint('run'));

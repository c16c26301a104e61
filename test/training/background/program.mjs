/**
 * For background.test.ts: `node program.mjs PREFIX PART`. One save, then another in the background, and the process
 * ends.
 */
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint } from '../../../dist/tfjs.js';

const [prefix, part] = process.argv.slice(2);
const v = tf.variable(tf.fill([8_000_000], 1));
const checkpoint = new Checkpoint({ v });
await checkpoint.save(prefix);
v.assign(tf.fill([8_000_000], 2));
if (part === 'error') checkpoint.save('/dev/null/run/ckpt', { background: true });
else checkpoint.save(prefix, { background: true });
if (part === 'exit') setTimeout(() => process.exit(3), 5);

/**
 * The guide "Save and resume a training" does what it says: both languages run, block by block in the order of the
 * page.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './guide/page.js';
import { runBlocks } from './guide/run.js';
import { CHECKOUT } from './pack.js';

runBlocks(blocksOf(readFileSync(join(CHECKOUT, 'docs', 'training.md'), 'utf8')));

/** Some layers with null dimensions. The others are in the deep test. */
import { it } from 'vitest';
import { expectDynamic, LAYERS } from './dynamic-layers.js';

const EVERY = 6;

it.each(Object.keys(LAYERS).filter((_, i) => i % EVERY === 0))('%s', expectDynamic);

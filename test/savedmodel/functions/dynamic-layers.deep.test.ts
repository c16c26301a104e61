/** Every layer that is not recurrent, with null dimensions. */
import { it } from 'vitest';
import { expectDynamic, LAYERS } from './dynamic-layers.js';

it.each(Object.keys(LAYERS))('%s', expectDynamic);

/** Steps of every optimizer that can become a graph. */
import { describeSteps, OPTIMIZERS } from './stepping.js';

describeSteps(Object.keys(OPTIMIZERS).flatMap(name => [name, `stepped_${name}`]));

/** Every optimizer of Keras into each of ours. */
import { testKinds } from './kinds.js';

testKinds({ titles: '.*', least: 45, live: /./ });

/** As hostile.test.ts, with every bit and many more random files. */
import './hostile.test.js';

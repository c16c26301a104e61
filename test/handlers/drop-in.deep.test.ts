/** More kills. */
import './drop-in.test.js';

/** Every error, once and for good. */
import './errno.test.js';

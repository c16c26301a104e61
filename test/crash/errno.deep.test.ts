/** Every error that stays. */
import './errno.test.js';

/** Every call, more errors, larger files. */
import './single-file-errors.test.js';

/** The same with more damaged files. */
import './compiled.test.js';

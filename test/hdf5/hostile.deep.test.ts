/** The same with more changes. */
import './hostile.test.js';

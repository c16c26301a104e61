/** The same question about more trees, and larger ones. */
import './writing.test.js';

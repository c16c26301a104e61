/** Older versions of TensorFlow. */
import './fixtures.test.js';

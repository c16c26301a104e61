/** A thousand overwrites. */
import './readers.test.js';

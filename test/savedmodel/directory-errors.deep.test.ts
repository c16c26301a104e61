/** Every call, and every error. */
import './directory-errors.test.js';

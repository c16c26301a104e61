/** Also zip64, and every bit of a small archive. */
import './archive.test.js';

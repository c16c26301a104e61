/** On a pipe, too. */
import './printing.test.js';

/** More wrong values. */
import './state.test.js';

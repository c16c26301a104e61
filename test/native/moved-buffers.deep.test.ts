/** On every Node that there is. */
import './moved-buffers.test.js';

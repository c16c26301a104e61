/** Every bit flipped. */
import './damage.test.js';

/** Every kind of save. */
import './kill.test.js';

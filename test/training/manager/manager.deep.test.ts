/** More random commands. */
import './manager.test.js';

/** The same as the fast tests, for every value. */
import './hostile-configs.test.js';

/** Before every operation, and other kinds of saves. */
import './directory-kill.test.js';

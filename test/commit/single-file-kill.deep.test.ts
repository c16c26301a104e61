/** Before every operation, and other kinds of saves. */
import './single-file-kill.test.js';

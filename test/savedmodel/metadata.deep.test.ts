/** As `npm test`, with every value replaced. */
import './metadata.test.js';

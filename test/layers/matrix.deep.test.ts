/** The other half of the names: see matrix.test.ts. */
import './matrix.test.js';

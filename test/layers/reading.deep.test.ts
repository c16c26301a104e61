/** The SavedModels of the other architectures: see reading.test.ts. */
import './reading.test.js';

/** Every frequency with every kind of dataset. */
import './backup-and-restore.test.js';

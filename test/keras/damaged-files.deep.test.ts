/** More damages. */
import './damaged-files.test.js';

/** All of the networks. */
import './networks.test.js';

/** With MobileNetV3 as well. */
import './reports.test.js';

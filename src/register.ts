/**
 * `import 'tensorbundle/register'` teaches TensorFlow.js two things. It saves models to `ckpt://DIR/NAME`, which is a
 * TensorFlow checkpoint, and loads them from there (`tf.loadLayersModel`, `tf.loadGraphModel`). And it saves to
 * `file://DIR` in the way of this package: atomically, with the errors of the disk checked, and without joining all
 * weights in memory first. The files there are in the format that TensorFlow.js itself loads. Models with Keras's
 * default GRU (`reset_after=True`) can be loaded, as with `tensorbundle/tfjs`.
 */
import './layers/gru.js';
import { register } from './handlers/routers.js';

register();

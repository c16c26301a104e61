/**
 * `import 'tensorbundle/register'`: from then on TensorFlow.js saves models to `ckpt://DIR/NAME` and loads them from there
 * (`tf.loadLayersModel`, `tf.loadGraphModel`), and saves to `file://DIR` as this package saves: atomically, checked to be on disk, and
 * without joining all weights in memory first. The files of `file://` are those that TensorFlow.js loads. Models with Keras's default
 * GRU (`reset_after=True`) are loaded too, as with `tensorbundle/tfjs`.
 */
import './layers/gru.js';
import { register } from './handlers/routers.js';

register();

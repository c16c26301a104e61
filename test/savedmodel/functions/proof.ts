/** What is proven of the functions of a SavedModel, and by whom. */
import type * as tf from '@tensorflow/tfjs-node';

/** Who runs the functions. */
export const CONSUMERS = {
  load: 'tf.saved_model.load: signatures and methods, gradients, what variables have after a call',
  session: 'tf.compat.v1.saved_model.load in a session',
  cli: 'saved_model_cli run',
  tfsm: "Keras 3's TFSMLayer",
  lite: 'TFLite',
  converter: 'tensorflowjs_converter, then loadGraphModel',
  keras: "tf_keras's load_model",
  node: 'tf.node.loadSavedModel',
} as const;

export type Consumer = keyof typeof CONSUMERS;

/** What one call of a function gives. */
export interface Call {
  /** A signature, by name … */
  readonly signature?: string;
  /** … or a function of the loaded object, as a path of attributes; `__call__` is the object itself. */
  readonly method?: string;
  /** By the names of a signature's inputs. A method gets them in this order. */
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  /** Whether a method takes its inputs as one list. Default: false. */
  readonly packed?: boolean;
  /** A method's argument of this name. Default: it is not given. */
  readonly training?: boolean;
  /** By name. A method's that is a list: in this order. */
  readonly outputs: Readonly<Record<string, tf.Tensor>>;
  /** Of `lossOf` the outputs, by the full names of variables. Default: gradients are not compared. */
  readonly gradients?: Readonly<Record<string, tf.Tensor>>;
  /** What variables have after the call, by their full names. All others must stay. Default: all stay. */
  readonly after?: Readonly<Record<string, tf.Tensor>>;
}

export interface Proof {
  readonly name: string;
  readonly dir: string;
  readonly calls: readonly Call[];
  readonly consumers: readonly Consumer[];
}

export interface Finding {
  /** The largest one; relative to values over 1. */
  readonly difference?: number;
  readonly note?: string;
  readonly error?: string;
}

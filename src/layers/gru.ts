/**
 * Keras's GRU with Keras's default `reset_after=True`; TensorFlow.js has only the other variant. Importing this file
 * makes TensorFlow.js choose the variant by the configuration when it makes layers from a model's JSON. `tf.layers.gru`
 * does not change.
 */

import type { serialization as Serialization } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../errors.js';
import { refuseUnknown } from '../options.js';
import { serialization } from '../tfjs-core.js';
import { GRU_CELL_OPTIONS, GRU_OPTIONS, type KerasGRUArgs, type KerasGRUCellArgs } from './gru-options.js';
import { type GRUCell, type GRUCellClass, resetAfterCell, withKerasDefaults } from './reset-after-cell.js';
import { type GRU, type GRUClass, refuseTimeMajor, resetAfterGRU } from './reset-after-gru.js';

/**
 * Keras's `GRU`: [batch, time, features] to [batch, units], or to [batch, time, units] with `returnSequences`. The
 * options are those of `tf.layers.gru`, with Keras's defaults: `resetAfter: true`, `recurrentActivation: 'sigmoid'`,
 * `kernelInitializer: 'glorotUniform'`.
 *
 * Weights, all float32: `kernel` [features, 3 units], `recurrent_kernel` [units, 3 units], `bias` [2, 3 units]. The
 * gates are update, reset, candidate (tf_keras/src/layers/rnn/gru.py). Masked steps give what Keras gives for them, in
 * `tf.layers.bidirectional` as well. Regularizers count in the loss; in its own recurrent layers, TensorFlow.js ignores
 * them.
 *
 * Throws ERR_NOT_SUPPORTED for Keras's `timeMajor`, and if tfjs-layers is missing.
 *
 * @example const model = tf.sequential({ layers: [gru({ units: 8, inputShape: [20, 4] }), tf.layers.dense({ units: 1
 * })] });
 */
export function gru(args: KerasGRUArgs): GRU {
  refuseUnknown(args, 'gru', GRU_OPTIONS);
  const Base = registered('GRU') as unknown as GRUClass;
  const { resetAfter = true, ...options } = args;
  if (!resetAfter) refuseUncomputed(args);
  return new (resetAfter ? resetAfterGRU(Base) : Base)(withKerasDefaults(options));
}

/** Keras's `GRUCell`, for `tf.layers.rnn({ cell })`; see `gru`. */
export function gruCell(args: KerasGRUCellArgs): GRUCell {
  refuseUnknown(args, 'gruCell', GRU_CELL_OPTIONS);
  const Base = registered('GRUCell') as unknown as GRUCellClass;
  const { resetAfter = true, ...options } = args;
  return new (resetAfter ? resetAfterCell(Base) : Base)(withKerasDefaults(options));
}

/** Refuses options that TensorFlow.js's own GRU accepts and ignores. */
function refuseUncomputed(args: KerasGRUArgs): void {
  refuseTimeMajor(args);
  if (!args.zeroOutputForMask) return;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    'zeroOutputForMask needs a GRU with resetAfter: true; TensorFlow.js has no such option for its own GRU',
    { found: 'zeroOutputForMask' },
  );
}

type Registration = Serialization.SerializationMap['classNameMap'][string];

function registered(name: string): Registration[0] {
  const found: Registration | undefined = serialization.SerializationMap.getMap().classNameMap[name];
  if (found) return found[0];
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    '@tensorflow/tfjs-layers is not loaded; install it, or @tensorflow/tfjs or @tensorflow/tfjs-node',
  );
}

/** A registration that chooses the class by the configuration when it makes a layer. */
function choosing([type, fromConfig]: Registration, variant: (type: Registration[0]) => Registration[0]): Registration {
  const make: typeof fromConfig = (given, config, ...more) => {
    const { resetAfter, ...options } = config;
    return resetAfter === true ? new (variant(type))(options) : fromConfig(given, config, ...more);
  };
  return [type, make];
}

/** Replaces the registration of a class, also when another copy of tfjs-layers registers its own class later. */
function choose(name: string, variant: (type: Registration[0]) => Registration[0]): void {
  const map = serialization.SerializationMap.getMap().classNameMap;
  const define = (registration: Registration | undefined): void => {
    const chosen = registration && choosing(registration, variant);
    Object.defineProperty(map, name, {
      configurable: true,
      enumerable: chosen !== undefined,
      get: () => chosen,
      set: define,
    });
  };
  define(map[name]);
}

choose('GRU', type => resetAfterGRU(type as unknown as GRUClass) as unknown as Registration[0]);
choose('GRUCell', type => resetAfterCell(type as unknown as GRUCellClass) as unknown as Registration[0]);

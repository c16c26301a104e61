/** The bytes of a SavedModel's small files. Loaded with the first save: the schemas take milliseconds. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  create,
  FingerprintDefSchema,
  SavedMetadataSchema,
  SavedModelSchema,
  type SavedObjectGraphSchema,
  toBinary,
} from '../stored/messages.js';
import { fingerprintOf } from './fingerprint.js';

/** Of TensorFlow, whose form this is. Programs that read SavedModels show it. */
const TENSORFLOW_VERSION = '2.15.0';

/** saved_model.pb: the objects, and no functions. */
export function encodeSavedModel(objectGraphDef: MessageInitShape<typeof SavedObjectGraphSchema>): Uint8Array {
  const saved = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { strippedOpList: new Uint8Array(), tags: ['serve'], tensorflowVersion: TENSORFLOW_VERSION },
        objectGraphDef,
      },
    ],
  });
  return toBinary(SavedModelSchema, saved);
}

export function encodeMetadata(metadata: MessageInitShape<typeof SavedMetadataSchema>): Uint8Array {
  return toBinary(SavedMetadataSchema, create(SavedMetadataSchema, metadata));
}

/** fingerprint.pb, for the bytes of saved_model.pb and of variables/variables.index. */
export async function encodeFingerprint(...of: Parameters<typeof fingerprintOf>): Promise<Uint8Array> {
  return toBinary(FingerprintDefSchema, await fingerprintOf(...of));
}

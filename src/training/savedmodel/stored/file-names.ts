/** The names in a SavedModel. Apart from the code that decodes the files, which a program loads only when it needs it. */
export const SAVED_MODEL = 'saved_model.pb';
export const KERAS_METADATA = 'keras_metadata.pb';
export const FINGERPRINT = 'fingerprint.pb';
/** The folder of the checkpoint, which is called like it. */
export const VARIABLES = 'variables';

/** The name of the edge from the model to what was saved with it. */
export const EXTRA = 'extra';

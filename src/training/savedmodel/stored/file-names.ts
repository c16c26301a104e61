/** The names in a SavedModel. Apart from the code that decodes its files, which is loaded only when it is needed. */
export const SAVED_MODEL = 'saved_model.pb';
export const KERAS_METADATA = 'keras_metadata.pb';
export const FINGERPRINT = 'fingerprint.pb';
/** The folder of the checkpoint, which is called like it. */
export const VARIABLES = 'variables';

/** The name of the edge from the model to what was saved with it. */
export const EXTRA = 'extra';

/** What is in a SavedModel, as plain data for people and programs. */
import { type PathLike, pathOf } from '../../../commit/paths.js';
import { type Signature, signaturesOf } from '../functions/signatures.js';
import { WRITER } from '../stored/own-files.js';
import { readStoredModel } from '../stored/stored-model.js';
import { type AssetSummary, type FileSizes, filesOf } from './files.js';
import { type ConcreteFunction, concreteFunctionsOf, type FunctionSummary, functionsOf } from './functions.js';
import { ObjectPlaces } from './object-places.js';
import { type ObjectSummary, objectsOf, textOf } from './objects.js';
import { type BundleSummary, type VariableSummary, variablesOf } from './variables.js';

export interface SavedModelDescription {
  readonly path: string;
  readonly writtenBy: {
    readonly tensorflow: string;
    readonly tensorflowGit: string;
    /** Of Keras 2. Keras 3's `export` does not say that it wrote the model. */
    readonly keras: string | null;
    /** Whether this package wrote it, with what it needs to make the same model again. */
    readonly tensorbundle: boolean;
  };
  /** Numbers as text, since they have 64 bits. */
  readonly fingerprint: {
    readonly savedModelChecksum: string;
    readonly graphDefProgramHash: string;
    readonly signatureDefHash: string;
    readonly savedObjectGraphHash: string;
    readonly checkpointHash: string;
    readonly uuid: string;
  } | null;
  /** Of the described MetaGraph: that for serving, else the first. */
  readonly tags: readonly string[];
  /** Of all MetaGraphs in the file. */
  readonly tagSets: readonly (readonly string[])[];
  readonly bytes: FileSizes;
  readonly signatures: readonly Signature[];
  readonly functions: readonly FunctionSummary[];
  readonly concreteFunctions: readonly ConcreteFunction[];
  readonly variables: readonly VariableSummary[];
  /** Null if there is none, or if it cannot be read. */
  readonly bundle: BundleSummary | null;
  /** Why it cannot be read. */
  readonly bundleError: { readonly code: string; readonly message: string } | null;
  readonly objects: readonly ObjectSummary[];
  readonly assets: readonly AssetSummary[];
}

/** Rejects as `readStoredModel`. A bundle that cannot be read is described as such. */
export async function describeSavedModel(given: PathLike): Promise<SavedModelDescription> {
  const path = pathOf(given);
  const model = await readStoredModel(path);
  const places = new ObjectPlaces(model.nodes);
  const { metaGraph, fingerprint } = model;
  const objects = objectsOf(model, places);
  const stored = await variablesOf(model, places);
  const files = await filesOf(model);
  const info = metaGraph.metaInfoDef;
  return {
    path,
    writtenBy: {
      tensorflow: info?.tensorflowVersion ?? '',
      tensorflowGit: info?.tensorflowGitVersion ?? '',
      keras: textOf(objects[0]?.metadata, 'keras_version'),
      tensorbundle: stored.isOwn || info?.tensorflowGitVersion === WRITER,
    },
    fingerprint: fingerprint && {
      savedModelChecksum: String(fingerprint.savedModelChecksum),
      graphDefProgramHash: String(fingerprint.graphDefProgramHash),
      signatureDefHash: String(fingerprint.signatureDefHash),
      savedObjectGraphHash: String(fingerprint.savedObjectGraphHash),
      checkpointHash: String(fingerprint.checkpointHash),
      uuid: fingerprint.uuid,
    },
    tags: info?.tags ?? [],
    tagSets: model.tagSets,
    bytes: files.bytes,
    signatures: signaturesOf(model),
    functions: functionsOf(model, places),
    concreteFunctions: concreteFunctionsOf(model),
    variables: stored.variables,
    bundle: stored.bundle,
    bundleError: stored.error,
    objects,
    assets: files.assets,
  };
}

/** The public API as a list of names: adding one is a decision, and losing one breaks somebody. */
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { CHECKOUT } from './pack.js';

/** Names of an entry point, values and types apart. */
function exportsOf(entry: string): { values: string[]; types: string[] } {
  const file = join(CHECKOUT, 'src', entry);
  const { config } = ts.readConfigFile(join(CHECKOUT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, CHECKOUT);
  const program = ts.createProgram([file], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const names = { values: [] as string[], types: [] as string[] };
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)) {
    const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    names[declared.flags & ts.SymbolFlags.Value ? 'values' : 'types'].push(symbol.name);
  }
  return { values: names.values.sort(), types: names.types.sort() };
}

test('tensorbundle', () => {
  expect(exportsOf('index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "CheckpointState",
        "CheckpointStateUpdate",
        "DType",
        "DataOf",
        "Entry",
        "ErrorCode",
        "LazyTensor",
        "NumericArray",
        "PathLike",
        "Progress",
        "ReadOptions",
        "SaveEvent",
        "SavePhase",
        "SaveResult",
        "ShardPolicy",
        "SliceEntry",
        "StoredDType",
        "TensorData",
        "TensorSource",
        "TensorValue",
        "TfTensorLike",
        "UnknownDType",
        "VerifyOptions",
        "VerifyProblem",
        "VerifyReport",
        "WriterOptions",
      ],
      "values": [
        "CheckpointReader",
        "CheckpointWriter",
        "TensorBundleError",
        "checkpointExists",
        "copyCheckpoint",
        "latestCheckpoint",
        "latestValidCheckpoint",
        "listVariables",
        "loadVariable",
        "mergeCheckpoints",
        "readCheckpointState",
        "removeCheckpoint",
        "updateCheckpointState",
        "verifyCheckpoint",
      ],
    }
  `);
});

test('tensorbundle/tfjs', () => {
  expect(exportsOf('tfjs.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "AnyDataset",
        "AssignmentMap",
        "BackgroundSave",
        "BackupAndRestoreOptions",
        "Batched",
        "CSVColumn",
        "CSVConfig",
        "CSVRow",
        "CSVValue",
        "CheckpointableOptions",
        "CompileOptions",
        "CopyWeightsOptions",
        "CounterValue",
        "EarlyStoppingOptions",
        "ErrorCode",
        "GeneratorOptions",
        "KeptCheckpoint",
        "KerasGRUArgs",
        "KerasGRUCellArgs",
        "LoadModelOptions",
        "LoadWeightsOptions",
        "LowSpace",
        "Making",
        "ManagerOptions",
        "ManagerSaveOptions",
        "Mismatch",
        "ModelCheckpointOptions",
        "MonitorMode",
        "PathLike",
        "Progress",
        "RestoreStateOptions",
        "RestoreStatus",
        "Resumable",
        "RetentionPolicy",
        "SaveFrequency",
        "SaveModelOptions",
        "SaveOptions",
        "SaveResult",
        "SaveWeightsOptions",
        "SerializableState",
        "TrackableValue",
        "Trackables",
        "Tracked",
        "TrackedIn",
        "TrackedValue",
        "TracksChildren",
        "Transform",
        "ViewDifference",
        "WriterOptions",
      ],
      "values": [
        "BackupAndRestore",
        "CSVDataset",
        "Checkpoint",
        "CheckpointManager",
        "CheckpointView",
        "CheckpointableDataset",
        "Counter",
        "Dataset",
        "DatasetIterator",
        "EarlyStopping",
        "Generator",
        "MisplacedWeightsError",
        "ModelCheckpoint",
        "PreemptionSaver",
        "RestoreMismatchError",
        "TFRecordDataset",
        "TensorBundleError",
        "TextLineDataset",
        "TrackableView",
        "checkpointable",
        "copyWeights",
        "encodeTFRecord",
        "gru",
        "gruCell",
        "initFromCheckpoint",
        "keepBest",
        "keepEveryHours",
        "keepEverySteps",
        "keepLatest",
        "loadModel",
        "loadWeights",
        "saveModel",
        "saveWeights",
      ],
    }
  `);
});

test('tensorbundle/savedmodel', () => {
  expect(exportsOf('savedmodel.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "FunctionInputs",
        "FunctionOutput",
        "InputSpec",
        "InputType",
        "LoadModelOptions",
        "RankedInputs",
        "SaveModelOptions",
        "SaveObjectOptions",
        "SavedFunction",
        "SavedFunctions",
        "SignatureParameter",
        "Signatures",
        "TracedFunction",
      ],
      "values": [
        "func",
        "loadFunctions",
        "loadModel",
        "saveModel",
      ],
    }
  `);
});

test('tensorbundle/optimizers', () => {
  expect(exportsOf('optimizers.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "AdadeltaOptions",
        "AdagradOptions",
        "AdamOptions",
        "AdamaxOptions",
        "KerasOptimizerState",
        "LossScaleOptions",
        "NadamOptions",
        "NumberInState",
        "OptimizerOptions",
        "RMSpropOptions",
        "SGDOptions",
        "SlotList",
      ],
      "values": [
        "Adadelta",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "KerasOptimizer",
        "LossScaleOptimizer",
        "Nadam",
        "RMSprop",
        "SGD",
      ],
    }
  `);
});

/** `tensorbundle saved-model show`: what is in a SavedModel. */
import { EXIT, UsageError } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';
import { savedModelText } from '../terminal/saved-model-text.js';
import { type Arguments, type Command, wholeNumber } from './command.js';

/** What suits a screen or two. */
const LINES = 40;
const MOST_LINES = 1_000_000;

export const savedModelShow: Command = {
  name: 'saved-model',
  synopsis: 'show DIR [--limit N] [--json]',
  summary: 'what is in a SavedModel',
  description: `Prints who wrote the SavedModel, its signatures with the types and shapes of their inputs and outputs,
its functions with the arguments they were traced for and the variables that they use, its variables and where they are
stored, its objects with Keras's classes and names as a tree, and its assets. No tensor is read, and nothing is
executed. DIR is the directory with the file saved_model.pb. '?' in a shape is any size, '[…]' any shape. A variable is
stored at SHARD:OFFSET of variables/variables, which \`ls DIR\` lists.

In JSON, everything is there: {path, writtenBy: {tensorflow, tensorflowGit, keras, tensorbundle}, fingerprint, tags,
tagSets, bytes: {savedModel, graph, kerasMetadata, fingerprint, variables, assets, total},
signatures: [{name, method, inputs: [{name, dtype, shape, tensor}], outputs}],
functions: [{node, path, isBare, argumentSpec, argumentKeywords, inputSignature, concreteFunctions}],
concreteFunctions: [{name, inputs, outputs, captures}],
variables: [{node, path, name, dtype, shape, trainable, bytes, key, shard, offset}],
bundle: {prefix, numShards, tensors, bytes} | null, bundleError: {code, message} | null,
objects: [{node, path, kind, identifier, registeredName, className, name, metadata, children, slots}],
assets: [{filename, bytes}]}. A dimension that is not fixed is null, and so is a shape of any rank. \`node\` is the
place in \`objects\`. \`metadata\` is what Keras stored. Arguments, inputs and outputs are {kind, …}, where kind is
tensor, value, list, tuple, dict, named tuple, dtype, shape or type. Numbers of 64 bits are strings.

Exit code 1 also if the variables are missing or damaged; the rest is printed.`,
  options: {
    limit: { type: 'string', value: 'N', help: `lines of each section (${LINES}); JSON has all` },
  },
  examples: [
    ['saved-model show my_model', 'what is in it'],
    ["saved-model show --json my_model | jq '.signatures'", 'what a server would be asked for'],
  ],
  positionals: [2, 2],
  async run(args: Arguments, output: Output): Promise<number> {
    const [action, path] = args.positionals as [string, string];
    if (action !== 'show') throw new UsageError(`unknown action '${action}'; saved-model can show`, 'saved-model');
    const limit = wholeNumber(args, 'limit', 0, MOST_LINES) ?? LINES;
    const { describeSavedModel } = await import('../../training/savedmodel/shown/describe.js');
    const model = await describeSavedModel(path);
    if (args.json) output.json(model);
    else output.write(savedModelText(model, limit, output.style));
    return model.bundleError === null ? EXIT.ok : EXIT.finding;
  },
};

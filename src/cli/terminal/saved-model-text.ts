/** A SavedModel as text for people: a head, and a section for each kind of thing in it. */

import type { Signature } from '../../training/savedmodel/functions/signatures.js';
import type { SavedModelDescription } from '../../training/savedmodel/shown/describe.js';
import { objectLines } from './object-lines.js';
import { visible } from './printable.js';
import { shortName } from './short-name.js';
import { argumentsText, openShape, traceText } from './structured-text.js';
import { columns, humanBytes, plural, type Style } from './style.js';

/** Of the variables that a function uses. */
const MOST_NAMES = 4;

export function savedModelText(model: SavedModelDescription, limit: number, style: Style): string {
  const sections = [
    headOf(model, style),
    section('Signatures', model.signatures.length, limited(signatureLines(model.signatures, style), limit), style),
    functionSection(model, limit, style),
    variableSection(model, limit, style),
    objectSection(model, limit, style),
    section(
      'Assets',
      model.assets.length,
      limited(
        columns(
          model.assets
            .slice(0, limit)
            .map(({ filename, bytes }) => [shortName(filename), bytes === null ? 'missing' : humanBytes(bytes)]),
        ),
        limit,
        model.assets.length,
      ),
      style,
    ),
  ];
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`;
}

interface Limited {
  readonly lines: readonly string[];
  /** How many more there would be. */
  readonly omitted: number;
}

function limited(lines: readonly string[], limit: number, all = lines.length): Limited {
  return { lines: lines.slice(0, limit), omitted: Math.max(0, all - limit) };
}

function section(title: string, count: number, { lines, omitted }: Limited, style: Style, note = ''): string[] {
  if (count === 0) return [];
  const more = omitted > 0 ? [style.dim(`  … ${plural(omitted, 'line')} more (--limit N, --json)`)] : [];
  const head = `${style.bold(title)} ${style.dim(`(${count.toLocaleString('en-US')}${note})`)}`;
  return [head, ...lines.map(line => `  ${line}`), ...more];
}

function headOf(model: SavedModelDescription, style: Style): string[] {
  const { writtenBy, fingerprint, bytes, bundle, bundleError, assets } = model;
  const writers = [
    `TensorFlow ${writtenBy.tensorflow || 'of an unknown version'}`,
    ...(writtenBy.keras === null ? [] : [`Keras ${writtenBy.keras}`]),
    ...(writtenBy.tensorbundle ? ['tensorbundle'] : []),
  ];
  const sizes = [
    `saved_model.pb ${humanBytes(bytes.savedModel)} (its graph ${humanBytes(bytes.graph)})`,
    ...(bytes.kerasMetadata > 0 ? [`keras_metadata.pb ${humanBytes(bytes.kerasMetadata)}`] : []),
    `variables ${humanBytes(bytes.variables)}${bundle === null ? '' : ` in ${plural(bundle.numShards, 'shard')}`}`,
    ...(assets.length > 0 ? [`assets ${humanBytes(bytes.assets)}`] : []),
  ];
  const others =
    model.tagSets.length > 1 ? `; also ${model.tagSets.map(tags => `[${tags.join(', ')}]`).join(' ')}` : '';
  const rows = [
    ['SavedModel', visible(model.path)],
    ['written by', writers.map(shortName).join(', ')],
    ['tags', shortName(model.tags.join(', ') + others)],
    ...(fingerprint === null ? [] : [['checksum', `${fingerprint.savedModelChecksum}${uuid(fingerprint.uuid)}`]]),
    ['size', `${humanBytes(bytes.total)}: ${sizes.join(', ')}`],
  ];
  const lines = columns(rows).map(line => style.dim(line.slice(0, 10)) + line.slice(10));
  if (bundleError !== null) lines.push(`${style.bad('variables:')} ${visible(bundleError.message)}`);
  return lines;
}

function uuid(text: string): string {
  return text === '' ? '' : `, uuid ${shortName(text)}`;
}

function signatureLines(signatures: readonly Signature[], style: Style): string[] {
  return signatures.flatMap(({ name, method, inputs, outputs }) => [
    `${style.bold(shortName(name))}  ${style.dim(shortName(method))}`,
    ...columns([
      ...inputs.map(one => ['  in', shortName(one.name), one.dtype, openShape(one.shape), shortName(one.tensor)]),
      ...outputs.map(one => ['  out', shortName(one.name), one.dtype, openShape(one.shape), shortName(one.tensor)]),
    ]),
  ]);
}

function functionSection(
  { functions, concreteFunctions, variables }: SavedModelDescription,
  limit: number,
  style: Style,
): string[] {
  const variableNames = new Map(variables.map(({ node, path, name }) => [node, path ?? name]));
  const traces = new Map(concreteFunctions.map(one => [one.name, one]));
  const known = functions.filter(({ isBare }) => !isBare);
  const lines: string[] = [];
  let omitted = 0;
  for (const { path, node, argumentSpec, concreteFunctions: names } of known) {
    if (lines.length < limit)
      lines.push(`${style.bold(shortName(path ?? `object ${node}`))}${argumentsText(argumentSpec)}`);
    else omitted++;
    for (const name of names) {
      const trace = traces.get(name);
      if (trace === undefined) continue;
      if (lines.length < limit) lines.push(`  ${style.dim(traceText(trace.inputs, trace.outputs))}`);
      else omitted++;
    }
    const captures = new Set(names.flatMap(name => traces.get(name)?.captures ?? []));
    const used = [...captures].flatMap(capture => variableNames.get(capture) ?? []);
    if (used.length === 0) continue;
    if (lines.length < limit) lines.push(`  ${style.dim(`uses ${usedText(used)}`)}`);
    else omitted++;
  }
  return section('Functions', known.length, { lines, omitted }, style);
}

/** Variables by their names, as long as that fits. */
function usedText(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.map(shortName).join(', ');
  const first = names.slice(0, MOST_NAMES - 1).map(shortName);
  return `${first.join(', ')} and ${names.length - first.length} more variables`;
}

function variableSection({ variables }: SavedModelDescription, limit: number, style: Style): string[] {
  const rows = variables
    .slice(0, limit)
    .map(({ path, name, dtype, shape, bytes, trainable, key, shard, offset }) => [
      shortName(path ?? name),
      dtype,
      openShape(shape),
      bytes === null ? '-' : humanBytes(bytes),
      trainable === true ? 'trainable' : '',
      key === null ? 'not stored' : shard === null ? 'in slices' : `${shard}:${offset}`,
      path === null ? '' : shortName(name),
    ]);
  const all = variables.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  return section(
    'Variables',
    variables.length,
    limited(columns(rows, [3]), limit, variables.length),
    style,
    `, ${humanBytes(all)}`,
  );
}

function objectSection(model: SavedModelDescription, limit: number, style: Style): string[] {
  return section('Objects', model.objects.length, objectLines(model, limit, style), style);
}

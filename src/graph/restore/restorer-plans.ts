/** Plans of the objects that have a restorer, without what `include` and `exclude` leave out. */
import { TensorBundleError } from '../../errors.js';
import { extraKey, pathOfKey } from '../key.js';
import { type KeyedAttribute, keyedAttributes, type NumberedObject, numberObjects } from '../numbering.js';
import { keysBelow, storedPaths } from '../stored/walks.js';
import type { NamedValue, RestorePlan, Trackable } from '../trackable.js';
import { filterNames, isExcludedName, isSelectedName, type SelectionOptions } from './filters.js';
import type { RestoreSource } from './restore-source.js';
import { joinKey, type StoredNames } from './stored-names.js';

interface PlannedObject {
  /** The object's name in messages. */
  readonly label: string;
  /** The plan, without what filters leave out. */
  readonly plan: RestorePlan;
  /** Whether filters select any part of it. */
  readonly isSelected: boolean;
  /** Keys of everything that the checkpoint has for the object. */
  readonly below: readonly string[];
  /** The keys in `below` that filters leave out. */
  readonly leftOut: ReadonlySet<string>;
}

interface Options extends SelectionOptions {
  readonly optionalRestorers?: boolean | undefined;
}

/** `variables`: all variables that are restored one by one. */
export function selectedPlans(
  objects: readonly NumberedObject[],
  variables: readonly KeyedAttribute[],
  reader: RestoreSource,
  stored: StoredNames,
  options: Options,
): PlannedObject[] {
  const { graph, owners, root } = stored;
  const found = {
    liveOf: (node: number) => owners.get(node),
    has: (key: string) => reader.has(key),
    entry: (key: string) => reader.entry(key),
  };
  const nodes = new Map([...owners].map(([node, object]) => [object, node]));
  const paths = graph && storedPaths(graph);
  const byAttribute = new Map(
    variables.map(variable => [
      variable.attribute,
      [...filterNames(variable), ...(stored.alsoCalled?.(variable) ?? [])],
    ]),
  );
  const namesOfNode = (node: Trackable | undefined): readonly string[] =>
    node?.attributes.flatMap(attribute => byAttribute.get(attribute) ?? []) ?? [];
  return objects.flatMap(({ object, path }) => {
    const { restorer } = object;
    if (!restorer) return [];
    const label = object.label ?? path;
    const isChosen = (keys: readonly string[], { names = [], of }: Omit<NamedValue, 'key'>): boolean =>
      isSelectedName([path, label, ...keys, ...keys.map(pathOfKey), ...names, ...namesOfNode(of)], options);
    const isChosenOne = ({ key, ...one }: NamedValue): boolean => isChosen([key], one);
    const node = nodes.get(object);
    if (graph === undefined || node === undefined) {
      if (options.optionalRestorers) return [];
      const at = joinKey(root, path);
      const missing = missingOf(object, at).filter(isChosenOne);
      const isLeftOut = missing.length === 0 && !isChosen([], {});
      return isLeftOut
        ? []
        : [{ label, plan: { ...NOTHING, missing }, isSelected: true, below: [], leftOut: new Set<string>() }];
    }
    const below = keysBelow(graph, node).filter(key => reader.has(key));
    const none = { label, plan: NOTHING, isSelected: false, below, leftOut: new Set(below) };
    if (isExcludedName([path, label], options)) return [none];
    const at = paths?.get(node) ?? '';
    const extra = (name: string): string | undefined => {
      const key = extraKey(at, name);
      return reader.has(key) ? key : undefined;
    };
    const plan = restorer.plan({ graph, node, path: at, extra }, found);
    if (plan.refusal !== undefined && !isChosen(below, {})) return [none];
    const own = plan.parts.filter(({ looksOn, isForWhole }) => !looksOn && !isForWhole);
    const chosen = new Set(own.filter(({ keys, ...part }) => isChosen(keys, part)));
    const parts = plan.parts.filter(part => {
      if (part.isForWhole) return chosen.size === own.length;
      return part.looksOn ? chosen.size > 0 : chosen.has(part);
    });
    const leftOut = new Set([
      ...own.filter(part => !chosen.has(part)).flatMap(({ keys }) => keys),
      ...plan.mismatched.filter(one => !isChosenOne(one)).map(({ key }) => key),
    ]);
    const taken = new Set([...chosen].flatMap(({ keys }) => keys));
    for (const key of below) if (!taken.has(key) && !isChosen([key], {})) leftOut.add(key);
    const early = plan.early && chosen.size > 0 ? { early: plan.early } : {};
    return [
      {
        label,
        plan: {
          parts,
          missing: plan.missing.filter(isChosenOne),
          mismatched: plan.mismatched.filter(isChosenOne),
          refusal: plan.refusal,
          ...early,
        },
        isSelected: own.length === 0 ? isChosen([], {}) : chosen.size > 0,
        below,
        leftOut,
      },
    ];
  });
}

/** The missing keys of an object that the checkpoint does not have. */
function missingOf(object: Trackable, at: string): NamedValue[] {
  const known = object.restorer?.missingAt?.(at);
  if (known !== undefined) return known.map(key => ({ key }));
  return keyedAttributes(numberObjects(object).objects).map(one => ({
    key: joinKey(at, one.key),
    names: filterNames(one),
  }));
}

const NOTHING: RestorePlan = { parts: [], missing: [], mismatched: [] };

/** ERR_NOT_SUPPORTED for an object that cannot be restored at all. */
export function refusedObject(label: string, reason: string, path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the optimizer in the checkpoint cannot be restored into ${label}: ${reason}; nothing was changed. Leave it ` +
      `out with ` +
      'includeOptimizer: false (loadWeights) or an `exclude` that matches it',
    { path, found: reason },
  );
}

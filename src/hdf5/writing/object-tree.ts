/** The objects of a file, each once, in the order in which they are stored; checked. */
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { compareUtf8, isWellFormed } from '../../format/utf8-order.js';
import { type Attributes, type AttributeToWrite, type DatasetToWrite, type GroupToWrite, isGroup } from './content.js';
import { storedTypeOf } from './type-messages.js';

interface Placed {
  /** From the root, for messages; one of them if there are several. */
  readonly path: string;
  readonly attributes: Attributes;
  /** How many names lead to it. */
  links: number;
  /** Of its header; given later. */
  address: number;
}

export interface PlacedGroup extends Placed {
  readonly kind: 'group';
  /** In the order of their bytes. */
  readonly children: readonly (readonly [name: string, child: PlacedObject])[];
  /** Of its table of names; given later. */
  tableAddress: number;
}

export interface PlacedDataset extends Placed {
  readonly kind: 'dataset';
  readonly dataset: DatasetToWrite;
  readonly type: Uint8Array;
  /** Of all elements. */
  readonly bytes: number;
  /** Of its values; given later. */
  dataAddress: number;
}

export type PlacedObject = PlacedGroup | PlacedDataset;

type Node = GroupToWrite | DatasetToWrite;

/** The reader of this package refuses groups that are nested deeper. */
const MOST_DEPTH = 250;
/** HDF5 has no more dimensions. */
const MOST_DIMENSIONS = 32;
const BFLOAT16_MARK: AttributeToWrite = { text: 'bfloat16' };

/** The root comes first, and a group before what is in it. Throws ERR_INVALID_ARGUMENT, ERR_NOT_SUPPORTED. */
export function objectsOf(root: GroupToWrite): readonly PlacedObject[] {
  const objects: PlacedObject[] = [];
  const placed = new Map<Node, PlacedObject | null>();
  const place = (node: Node, path: string, depth: number): PlacedObject => {
    const known = placed.get(node);
    if (known === null) throw invalidArgument(`the group '${path}' contains itself`, { tensor: path });
    if (known !== undefined) {
      known.links++;
      return known;
    }
    if (depth > MOST_DEPTH) throw invalidArgument(`'${path}' has more than ${MOST_DEPTH} groups around it`);
    placed.set(node, null);
    const at = objects.length;
    const object = isGroup(node) ? placeGroup(node, path, depth) : placedDataset(node, path);
    placed.set(node, object);
    objects.splice(at, 0, object);
    return object;
  };
  const placeGroup = (group: GroupToWrite, path: string, depth: number): PlacedGroup => {
    const children: [string, PlacedObject][] = [];
    for (const [name, child] of group.children) {
      const childPath = path === '' ? name : `${path}/${name}`;
      checkName(name, childPath);
      children.push([name, place(child, childPath, depth + 1)]);
    }
    children.sort(([a], [b]) => compareUtf8(a, b));
    const attributes = checkedAttributes(group.attributes, path);
    return { kind: 'group', path, attributes, links: 1, address: 0, children, tableAddress: 0 };
  };
  place(root, '', 0);
  return objects;
}

function placedDataset(dataset: DatasetToWrite, path: string): PlacedDataset {
  const { dtype, shape } = dataset;
  const stored = storedTypeOf(dtype);
  if (stored === undefined) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `'${path}' is of the type ${dtype}, which an HDF5 file of Keras cannot hold; cast it, or save a checkpoint`,
      { tensor: path, found: dtype },
    );
  }
  const attributes = checkedAttributes(dataset.attributes, path);
  if (dtype === 'bfloat16' && !attributes.has('dtype')) attributes.set('dtype', BFLOAT16_MARK);
  const bytes = stored.bytes * elementsOf(shape, `the dataset '${path}'`, path);
  if (!Number.isSafeInteger(bytes)) throw invalidArgument(`'${path}' is larger than any file can be`, { tensor: path });
  const { message: type } = stored;
  return { kind: 'dataset', path, attributes, links: 1, address: 0, dataset, type, bytes, dataAddress: 0 };
}

function elementsOf(shape: readonly number[], what: string, path: string): number {
  const isShape = shape.length <= MOST_DIMENSIONS && shape.every(size => Number.isSafeInteger(size) && size >= 0);
  if (isShape) return shape.reduce((product, size) => product * size, 1);
  throw invalidArgument(`${what} has the shape [${shape}]; it must be up to ${MOST_DIMENSIONS} whole numbers`, {
    tensor: path,
    found: shape,
  });
}

/** A name with a slash would be a path. */
function checkName(name: string, path: string): void {
  const isName = name !== '' && name !== '.' && !/[/\0]/.test(name) && isWellFormed(name);
  if (isName) return;
  throw new TensorBundleError(
    'ERR_BAD_NAME',
    `'${path}' has a part that cannot be a name in an HDF5 file: '${name}'; a name is not empty, is not '.', and has ` +
      'no slash, NUL or lone surrogate',
    { tensor: path, found: name },
  );
}

function checkedAttributes(attributes: Attributes | undefined, path: string): Map<string, AttributeToWrite> {
  const checked = new Map(attributes);
  for (const [name, attribute] of checked) {
    const texts = [name, ...textsOf(attribute)];
    if (name === '' || texts.some(text => text.includes('\0') || !isWellFormed(text))) {
      throw invalidArgument(
        `the attribute '${name}' of '${path}' needs a name, and no text of it may have a NUL or a lone surrogate`,
        { tensor: path, found: name },
      );
    }
    if (!('values' in attribute)) continue;
    const { shape, values } = attribute;
    const elements = elementsOf(shape, `the attribute '${name}' of '${path}'`, path);
    if (elements === values.length) continue;
    throw invalidArgument(`the attribute '${name}' of '${path}' has ${values.length} values, its shape ${elements}`, {
      tensor: path,
      expected: elements,
      found: values.length,
    });
  }
  return checked;
}

function textsOf(attribute: AttributeToWrite): readonly string[] {
  if ('text' in attribute) return [attribute.text];
  if ('bytes' in attribute) return [attribute.bytes];
  if ('texts' in attribute) return attribute.texts;
  return 'fixed' in attribute ? attribute.fixed : [];
}

/**
 * Shows checkpoints and trackables as trees, without restoring anything: `tf.train.CheckpointView` and
 * `tf.train.TrackableView` (tensorflow/python/checkpoint/checkpoint_view.py, trackable_view.py).
 */
import '../../disposal.js';
import { CheckpointReader } from '../../bundle/reader.js';
import type { PathLike } from '../../commit/paths.js';
import { requireMade, TensorBundleError } from '../../errors.js';
import { OBJECT_GRAPH_KEY } from '../../graph/key.js';
import { matchByEdges } from '../../graph/restore/by-edges.js';
import { decodeObjectGraph } from '../../graph/stored/decode.js';
import type { StoredGraph } from '../../graph/stored-graph.js';
import type { Trackable } from '../../graph/trackable.js';
import { Description } from './description.js';
import type { Trackables, TrackableValue } from './trackable-value.js';

/** How a checkpoint and live objects differ. */
export interface ViewDifference {
  /** The live object that each matched node of the checkpoint belongs to. */
  readonly matched: ReadonlyMap<number, unknown>;
  /** Nodes of the checkpoint that belong to no live object. */
  readonly unmatchedNodes: readonly number[];
  /** Live objects that the checkpoint has nothing for. */
  readonly unmatchedObjects: readonly unknown[];
}

/** The objects of a checkpoint. Nodes are numbers; 0 is the root. */
export class CheckpointView {
  readonly prefix: string;
  readonly #graph: StoredGraph;

  private constructor(prefix: string, graph: StoredGraph) {
    requireGraph(graph);
    this.prefix = prefix;
    this.#graph = graph;
  }

  /**
   * Rejects as CheckpointReader.open does, and with ERR_NOT_SUPPORTED for a checkpoint that knows its tensors by name
   * only.
   */
  static async open(path: PathLike): Promise<CheckpointView> {
    await using reader = await CheckpointReader.open(path);
    if (!reader.has(OBJECT_GRAPH_KEY)) {
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `${reader.prefix} has no object graph, so there is nothing to view`,
        {
          path: reader.prefix,
        },
      );
    }
    const { data } = await reader.read(OBJECT_GRAPH_KEY);
    return new CheckpointView(reader.prefix, decodeObjectGraph(data[0] as Uint8Array, reader.prefix));
  }

  /** The children of a node by name, in stored order. Throws ERR_NOT_FOUND. */
  children(node: number): Map<string, number> {
    const stored = this.#graph[node];
    if (stored === undefined) {
      throw new TensorBundleError('ERR_NOT_FOUND', `${this.prefix} has no node ${node}; it has ${this.#graph.length}`, {
        path: this.prefix,
        found: node,
      });
    }
    return new Map(stored.children.map(({ name, node: child }) => [name, child]));
  }

  /** All nodes that edges lead to from the root, breadth first, the root first. */
  descendants(): number[] {
    const found = new Set([0]);
    for (const node of found) for (const { node: child } of this.#graph[node]!.children) found.add(child);
    return [...found];
  }

  /**
   * The live object that each node would restore. Lists and other objects that the library itself adds are left out.
   */
  match(root: TrackableValue | Trackables): Map<number, unknown> {
    return new Map(this.#owners(new TrackableView(root)));
  }

  /** What would be restored, what would be left over, and what would be missing. */
  diff(root: TrackableValue | Trackables): ViewDifference {
    const view = new TrackableView(root);
    const matched = new Map(this.#owners(view));
    const live = new Set(matched.values());
    const owners = view.matches(this.#graph);
    return {
      matched,
      unmatchedNodes: this.descendants().filter(node => !owners.has(node)),
      unmatchedObjects: view.descendants().filter(object => !live.has(object)),
    };
  }

  *#owners(view: TrackableView): Generator<[number, unknown]> {
    for (const [node, trackable] of view.matches(this.#graph)) {
      const object = view.objectOf(trackable);
      if (object !== undefined) yield [node, object];
    }
  }
}

function requireGraph(graph: unknown): void {
  requireMade(Array.isArray(graph) ? {} : null, 'CheckpointView', 'await CheckpointView.open(path)');
}

/** Live objects as a checkpoint sees them. */
export class TrackableView {
  readonly #root: Trackable;
  readonly #description: Description;

  /** What a Checkpoint takes: a root, or an object literal of children. Throws as a save of it does. */
  constructor(root: TrackableValue | Trackables) {
    this.#description = new Description([root], { defer: true });
    this.#root = this.#description.trackable(root, 'root');
    this.#description.complete();
  }

  /** The children of a live object by name. Throws ERR_NOT_FOUND for an object that is not in the tree. */
  children(object: unknown): Map<string, unknown> {
    const trackable = this.#all().find(one => this.objectOf(one) === object);
    if (trackable === undefined) throw new TensorBundleError('ERR_NOT_FOUND', 'the object is not in this tree');
    const named = trackable.children.map(({ name, node }) => [name, this.objectOf(node)] as const);
    return new Map(named.filter(([, child]) => child !== undefined));
  }

  /** All live objects, breadth first, the root first. */
  descendants(): unknown[] {
    // Not flatMap, since one of the objects may be an array.
    return this.#all()
      .map(trackable => this.objectOf(trackable))
      .filter(object => object !== undefined);
  }

  /** @internal */
  objectOf(trackable: Trackable): unknown {
    return this.#description.objectOf(trackable);
  }

  /** @internal */
  matches(graph: StoredGraph): ReadonlyMap<number, Trackable> {
    return matchByEdges(this.#root, graph, 0).owners;
  }

  #all(): Trackable[] {
    const found = new Set([this.#root]);
    for (const { children } of found) for (const { node } of children) found.add(node);
    return [...found];
  }
}

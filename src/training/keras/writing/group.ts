/** A group of an HDF5 file while it is filled. */
import type { Attributes, DatasetToWrite } from '../../../hdf5/writing/content.js';

export class Group {
  readonly children = new Map<string, Group | DatasetToWrite>();
  attributes: Attributes | undefined;

  /** The group at a path below this one, which is made if it is not there. Undefined if a dataset is in the way. */
  at(path: string): Group | undefined {
    let group: Group = this;
    for (const name of partsOf(path)) {
      const child = group.children.get(name) ?? new Group();
      if (!(child instanceof Group)) return undefined;
      group.children.set(name, child);
      group = child;
    }
    return group;
  }

  /**
   * Adds a dataset, which gets the path that is asked for (`dense/kernel:0`) if that is free, else one with a number
   * (`dense/kernel_1:0`). Returns its path.
   */
  add(path: string, dataset: DatasetToWrite): string {
    const parts = partsOf(path);
    const parent = this.at(parts.slice(0, -1).join('/'));
    // A dataset is where a group should be.
    if (parent === undefined) return this.add(parts.join('_'), dataset);
    const [, start, end] = /^(.*?)(:\d+)?$/s.exec(parts.at(-1) ?? '') as unknown as [string, string, string?];
    let name = `${start}${end ?? ''}`;
    for (let number = 1; parent.children.has(name); number++) name = `${start}_${number}${end ?? ''}`;
    parent.children.set(name, dataset);
    return [...parts.slice(0, -1), name].join('/');
  }
}

/** As HDF5 reads a path: empty parts and `.` mean the group itself. */
export function partsOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}

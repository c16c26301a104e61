"""Makes each tree with h5py, and compares what the library wrote: objects, names, types, shapes, values, attributes.

stdin: [{path, spec}]. Prints how much was compared, as JSON.
"""

import io
import json
import sys

import h5py
import ml_dtypes
import numpy as np

counts = {"files": 0, "objects": 0, "attributes": 0, "links": 0}


def dtype_of(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def data_of(spec):
    dtype = dtype_of(spec["dtype"])
    size = int(np.prod(spec["shape"], dtype=np.int64)) * dtype.itemsize
    raw = ((np.arange(size, dtype=np.int64) * 31 + spec["seed"]) & 255).astype(np.uint8)
    if spec["dtype"] == "bool":
        raw &= 1
    return np.frombuffer(raw.tobytes(), dtype).reshape(spec["shape"])


def attribute(attrs, name, spec):
    if "text" in spec:
        attrs[name] = spec["text"]
    elif "bytes" in spec:
        attrs[name] = spec["bytes"].encode()
    elif "texts" in spec:
        attrs.create(name, spec["texts"], shape=(len(spec["texts"]),), dtype=h5py.string_dtype())
    elif "fixed" in spec:
        attrs[name] = np.asarray([text.encode() for text in spec["fixed"]])
    else:
        values = np.array([int(v) if isinstance(v, str) else v for v in spec["values"]], dtype=spec["dtype"])
        attrs[name] = values.reshape(spec["shape"]) if spec["shape"] else values[0]


def build(group, spec, root):
    for name, child in spec["children"].items():
        if "link" in child:
            group[name] = root[child["link"]] if child["link"] else root
        elif "children" in child:
            build(group.create_group(name), child, root)
        else:
            dataset = group.create_dataset(name, data=data_of(child))
            if child["dtype"] == "bfloat16":
                dataset.attrs["dtype"] = "bfloat16"
            for key, value in child.get("attributes", {}).items():
                attribute(dataset.attrs, key, value)
    for key, value in spec.get("attributes", {}).items():
        attribute(group.attrs, key, value)


def same(what, a, b):
    if a != b:
        raise AssertionError(f"{what}: {a!r} instead of {b!r}")


def same_attributes(path, mine, theirs):
    same(f"{path}: names of attributes", list(mine.attrs), list(theirs.attrs))
    for name in theirs.attrs:
        at = f"{path}@{name}"
        a, b = (h5py.h5a.open(o.id, name.encode()) for o in (mine, theirs))
        if not a.get_type().equal(b.get_type()):
            raise AssertionError(f"{at}: type {a.dtype} instead of {b.dtype}")
        same(f"{at}: kind of space", a.get_space().get_simple_extent_type(), b.get_space().get_simple_extent_type())
        same(f"{at}: shape", a.shape, b.shape)
        x, y = mine.attrs[name], theirs.attrs[name]
        same(f"{at}: type in Python", type(x), type(y))
        if not np.array_equal(np.asarray(x), np.asarray(y)):
            raise AssertionError(f"{at}: {x!r} instead of {y!r}")
        counts["attributes"] += 1


def compare(mine, theirs, path, seen):
    same(f"{path}: class", type(mine), type(theirs))
    info = [h5py.h5o.get_info(o.id) for o in (mine, theirs)]
    same(f"{path}: number of links", info[0].rc, info[1].rc)
    # Two paths of one object are that in both files.
    key = info[1].addr
    if key in seen:
        counts["links"] += 1
        same(f"{path}: object", info[0].addr, seen[key])
        return
    seen[key] = info[0].addr
    counts["objects"] += 1
    same_attributes(path, mine, theirs)
    if isinstance(theirs, h5py.Dataset):
        if not mine.id.get_type().equal(theirs.id.get_type()):
            raise AssertionError(f"{path}: type {mine.dtype} instead of {theirs.dtype}")
        same(f"{path}: shape", mine.shape, theirs.shape)
        same(f"{path}: largest shape", mine.maxshape, theirs.maxshape)
        same(f"{path}: layout", mine.id.get_create_plist().get_layout(), theirs.id.get_create_plist().get_layout())
        offset = mine.id.get_offset()
        same(f"{path}: has a place", offset is None, theirs.id.get_offset() is None)
        if offset is not None and offset % 64:
            raise AssertionError(f"{path}: begins at {offset}")
        if mine[()].tobytes() != theirs[()].tobytes():
            raise AssertionError(f"{path}: other values")
        return
    same(f"{path}: names", list(mine), list(theirs))
    for name in theirs:
        compare(mine[name], theirs[name], f"{path}/{name}", seen)
    same(f"{path}: an absent name", "absent" in mine, "absent" in theirs)


for job in json.load(sys.stdin):
    reference = h5py.File(io.BytesIO(), "w")
    build(reference, job["spec"], reference)
    with h5py.File(job["path"], "r") as written:
        try:
            compare(written, reference, "", {})
            names = [[], []]
            written.visit(names[0].append)
            reference.visit(names[1].append)
            same("visit", names[0], names[1])
        except Exception as error:
            raise AssertionError(f"{job['path']}: {error}") from error
    counts["files"] += 1
    # h5py can go on with the file.
    if job.get("extend"):
        with h5py.File(job["path"], "r+") as written:
            written.create_group("new group/b").create_dataset("new", data=np.arange(1000))
            written.attrs["more"] = "text" * 1000
            for i in range(300):
                written[f"zz{i}"] = i
        with h5py.File(job["path"], "r") as written:
            same("new", written["new group/b/new"][999], 999)
            same("more", len(written), len(reference) + 301)
            written.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
print(json.dumps(counts))

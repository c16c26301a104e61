"""HDF5 files with every structure that h5py can make, and what h5py reads from them.

files.py DIRECTORY: writes the files, then prints a JSON object: file, path, and what is there.
"""

import json
import os
import sys

import h5py
import numpy as np

DTYPES = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 >f4 >f8 >i8 >u2 >f2 bool c8 c16 >c8".split()


def attributes(f):
    f.attrs["text"] = "héllo"
    f.attrs["int"] = 3
    f.attrs["float32"] = np.float32(1.5)
    f.attrs["float16"] = np.float16(-0.1)
    f.attrs["bool"] = True
    f.attrs["uint64"] = np.uint64(2**63)
    f.attrs["big-endian"] = np.arange(6, dtype=">i4").reshape(2, 3)
    f.attrs["fixed"] = np.array([b"a", b"bc", b""], dtype="S5")
    f.attrs["texts"] = ["x", "yy", "", "ü" * 5000]
    f.attrs["bytes"] = np.bytes_(b"fixed")
    f.attrs["none"] = []
    f.attrs["empty"] = h5py.Empty("f")
    f.attrs["complex"] = np.array([1 + 2j, -3j], dtype="c8")
    f.attrs["records"] = np.zeros(2, [("a", "i4"), ("b", "f8")])
    f.attrs["large"] = np.arange(8000, dtype="f8")


def datasets(f):
    for dtype in DTYPES:
        values = np.arange(24) % 2 == 0 if dtype == "bool" else (np.arange(24) * 1.5).astype(dtype)
        f.create_dataset("types/" + dtype.replace(">", "big "), data=values.reshape(2, 3, 4))
    f["scalar"] = np.float32(7)
    f["no rows"] = np.zeros((0, 3), "f4")
    f["null"] = h5py.Empty("f4")
    f["texts"] = np.array([["a", "bö"], ["", "d" * 300]], dtype=h5py.string_dtype())
    f["fixed texts"] = np.array([b"a", b"bb"], dtype="S4")
    f["text"] = "one"
    f.create_dataset("never written", shape=(3, 4), dtype="f4", fillvalue=2.5)
    f.create_dataset("never filled", shape=(3, 4), dtype="i4")
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    made = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((5,)), plist)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(5, dtype="f4"))
    bfloat16 = f.create_dataset("marked", data=np.array([b"\x80\x3f", b"\x00\x40"]).view("V2"))
    bfloat16.attrs["dtype"] = "bfloat16"
    f["unmarked"] = np.array([b"\x80\x3f", b"\x00\x40"]).view("V2")
    values = np.random.default_rng(0).normal(size=(37, 53)).astype("f4").round(1)
    f.create_dataset("chunks/plain", data=values, chunks=(10, 10))
    f.create_dataset("chunks/deflated", data=values, chunks=(16, 8), compression="gzip")
    f.create_dataset("chunks/one", data=values.astype("f8"), chunks=(37, 53), compression="gzip", shuffle=True)
    f.create_dataset("chunks/many", data=np.arange(3000, dtype=">i2"), chunks=(7,), shuffle=True)
    part = f.create_dataset("chunks/partly", shape=(20, 20), dtype="i4", chunks=(8, 8), fillvalue=-1)
    part[9:12, 3:9] = 5
    f.create_dataset("chunks/never", shape=(20,), dtype="i4", chunks=(8,), fillvalue=-1)
    f.create_dataset("chunks/deep", data=np.arange(8).reshape(2, 2, 2), chunks=(1, 2, 1), compression="gzip")
    f.create_dataset("chunks/texts", data=["a", "b", "cc"], chunks=(2,))
    f.create_dataset("chunks/checked", data=values, chunks=(10, 10), fletcher32=True)
    f.create_dataset("chunks/lzf", data=values, chunks=(10, 10), compression="lzf")


def links(f):
    f["hard"] = f["scalar"]
    f["soft"] = h5py.SoftLink("/types/f4")
    f["types/beside"] = h5py.SoftLink("i4")
    f["types/through"] = h5py.SoftLink("/soft")
    f["dangling"] = h5py.SoftLink("/no/where")
    f["loop"] = h5py.SoftLink("/loop")
    for i in range(300):
        f.create_group(f"many/group {i}")
    f["ring/types"] = f["types"]
    f["types/up"] = f["/"]


def others(f):
    f["records"] = np.zeros(5, [("a", "i4"), ("b", "f8")])
    f["opaque"] = np.void(b"abc")
    f["enumeration"] = np.array([1, 2], dtype=h5py.enum_dtype({"A": 1, "B": 2}, basetype="i2"))
    sequences = f.create_dataset("sequences", (2,), dtype=h5py.vlen_dtype("i4"))
    sequences[0] = [1, 2]
    f["a type"] = np.dtype("f4")
    made = h5py.h5d.create(f.id, b"of that type", f["a type"].id, h5py.h5s.create_simple((2,)))
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2], "f4"))


def write(path, **options):
    with h5py.File(path, "w", **options) as f:
        attributes(f)
        datasets(f)
        links(f)
        others(f)


def value_of(value):
    """Bytes of numbers as hexadecimal text; texts as they are; None for what no tensor can hold."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, (bytes, np.bytes_)):
        return [value.decode()]
    if isinstance(value, str):
        return [value]
    array = np.asarray(value)
    if array.dtype.kind == "V" and array.dtype.itemsize != 2:
        return None
    if array.dtype.kind in "SO":
        texts = array.ravel().tolist()
        if any(isinstance(text, np.ndarray) for text in texts):
            return None
        return [text.decode() if isinstance(text, bytes) else text for text in texts]
    return array.astype(array.dtype.newbyteorder("<")).tobytes().hex()


def found_in(path):
    found = {}

    def visit(node, at, depth):
        attrs = {name: value_of(node.attrs[name]) for name in node.attrs}
        entry = found[at] = {"attributes": attrs}
        if isinstance(node, h5py.Dataset):
            entry["shape"] = list(node.shape or [])
            try:
                entry["value"] = value_of(node[()])
            except OSError:
                entry["value"] = None
            return
        if not isinstance(node, h5py.Group):
            found[at] = "type"
            return
        entry["names"] = list(node)
        for name in node if depth < 3 and not at.endswith("up") else ():
            child = f"{at}/{name}" if at else name
            try:
                visit(node[name], child, depth + 1)
            except (KeyError, RuntimeError):
                found[child] = "nothing"

    with h5py.File(path, "r") as f:
        visit(f, "", 0)
    return found


def main(directory):
    forms = {
        "old.h5": {},
        "user-block.h5": {"userblock_size": 1024},
        "latest.h5": {"libver": "latest"},
        "ordered.h5": {"track_order": True},
    }
    for name, options in forms.items():
        write(os.path.join(directory, name), **options)
    with h5py.File(os.path.join(directory, "small-latest.h5"), "w", libver="latest") as f:
        f["a/b"] = np.arange(5.0)
        f["a"].attrs["x"] = "y"
        f["c"] = h5py.SoftLink("/a/b")
        f.create_dataset("chunks", data=np.arange(100).reshape(10, 10), chunks=(3, 3), compression="gzip")
    with h5py.File(os.path.join(directory, "elsewhere.h5"), "w") as f:
        f["here"] = 1.0
        f["there"] = h5py.ExternalLink("small-latest.h5", "/a/b")
        f.create_dataset("outside", shape=(4,), dtype="f4", external=[("raw.bin", 0, 16)])
    json.dump({name: found_in(os.path.join(directory, name)) for name in [*forms, "small-latest.h5"]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])

"""TensorStore: one uncompressed zarr3 array for each tensor, in files or in an OCDBT database."""
import math
import tempfile
from importlib.metadata import version

import numpy as np
import tensorstore as ts

import tensors
from measured import main, measure_loads, measure_saves

# Values in a chunk; a smaller tensor is one chunk.
CHUNK = 16 << 20


def store(directory, variant, name, syncs):
    """Without syncs, TensorStore still writes each file beside its place and renames it."""
    base = {"driver": "file", "path": f"{directory}/"}
    context = {"file_io_sync": syncs}
    if variant == "ocdbt":
        kvstore = {"driver": "ocdbt", "base": base, "path": f"{name}/"}
    else:
        kvstore = {"driver": "file", "path": f"{directory}/{name}/"}
    return {"driver": "zarr3", "kvstore": kvstore}, context


def chunk(shape):
    """Whole rows."""
    row = max(1, math.prod(shape[1:]))
    return (max(1, min(shape[0], CHUNK // row)), *shape[1:])


def write(directory, variant, arrays, syncs, replaces=False):
    context = ts.Context(store(directory, variant, "", syncs)[1])
    transaction = None
    if variant == "ocdbt":
        # One commit of all tensors. In a transaction, `delete_existing` fails.
        transaction = ts.Transaction()
        if replaces:
            database = {"driver": "ocdbt", "base": {"driver": "file", "path": f"{directory}/"}}
            ts.KvStore.open(database, context=context).result().delete_range(ts.KvStore.KeyRange()).result()
    opened = [
        ts.open(
            store(directory, variant, name, syncs)[0],
            context=context,
            transaction=transaction,
            create=True,
            delete_existing=replaces and transaction is None,
            dtype=ts.float32,
            shape=array.shape,
            chunk_layout=ts.ChunkLayout(chunk_shape=chunk(array.shape)),
        )
        for name, array in arrays.items()
    ]
    written = [future.result().write(array) for future, array in zip(opened, arrays.values())]
    if transaction is None:
        for future in written:
            future.result()
    else:
        for future in written:
            future.copy.result()
        transaction.commit_async().result()


def read(directory, variant, names, part=None):
    context = ts.Context(store(directory, variant, "", False)[1])
    opened = [
        ts.open(store(directory, variant, name, False)[0], context=context, open=True, read=True) for name in names
    ]
    wanted = [future.result() if part is None else future.result()[part[0] : part[1]] for future in opened]
    return [future.result() for future in [one.read() for one in wanted]]


def described(request):
    """The tensors' names and shapes, and the variant, after the warm-up."""
    wanted = tensors.shapes(request["layout"])
    names = tensors.names(len(wanted))
    variant = request.get("variant", "zarr3")
    if request.get("warm", True):
        with tempfile.TemporaryDirectory() as directory:
            write(directory, variant, dict(zip(names, tensors.values(tensors.tiny(len(wanted))))), False)
            read(directory, variant, names)
    return wanted, names, variant


def save(request):
    wanted, names, variant = described(request)
    arrays = dict(zip(names, tensors.values(wanted)))
    durable = request.get("durable", False)
    return measure_saves(
        request,
        lambda: write(request["directory"], variant, arrays, durable, request.get("overwrite", False)),
        total=tensors.total(wanted),
        count=len(wanted),
        how=f"TensorStore {variant}, uncompressed, {'with its own syncs' if durable else 'file_io_sync: false'}",
        verifies=False,
        syncs_itself=True,
    )


def load(request):
    wanted, names, variant = described(request)
    part, size = None, tensors.total(wanted)
    if "partial" in request:
        begin, end, size = tensors.rows(request, wanted)
        part, names = (begin, end), names[:1]
    return measure_loads(
        request,
        lambda: read(request["directory"], variant, names, part),
        total=size,
        count=len(names),
        how=f"TensorStore {variant}",
        verifies=False,
        touch=tensors.touch,
    )


main({"save": save, "load": load}, {"tensorstore": version("tensorstore"), "numpy": np.__version__})

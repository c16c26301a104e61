"""safetensors with NumPy arrays: one file, without checksums."""
import os
import tempfile
from importlib.metadata import version

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import tensors
from measured import main, measure_loads, measure_saves


def path(directory):
    return os.path.join(directory, "model.safetensors")


def described(request):
    """The tensors' names and shapes, after the warm-up."""
    wanted = tensors.shapes(request["layout"])
    names = tensors.names(len(wanted))
    if request.get("warm", True):
        with tempfile.TemporaryDirectory() as directory:
            save_file(dict(zip(names, tensors.values(tensors.tiny(len(wanted))))), path(directory))
            load_file(path(directory))
    return wanted, names


def save(request):
    wanted, names = described(request)
    arrays = dict(zip(names, tensors.values(wanted)))
    return measure_saves(
        request,
        lambda: save_file(arrays, path(request["directory"])),
        total=tensors.total(wanted),
        count=len(wanted),
        how="safetensors.numpy.save_file",
        verifies=False,
    )


def load(request):
    wanted, names = described(request)
    file = path(request["directory"])
    if "partial" in request:
        begin, end, size = tensors.rows(request, wanted)

        def read():
            with safe_open(file, framework="np") as opened:
                return {names[0]: opened.get_slice(names[0])[begin:end]}

        how, count = "safe_open, get_slice", 1
    else:
        size, count = tensors.total(wanted), len(wanted)

        def read():
            return load_file(file)

        how = "safetensors.numpy.load_file"
    return measure_loads(
        request,
        read,
        total=size,
        count=count,
        how=how,
        verifies=False,
        touch=lambda result: tensors.touch(result.values()),
    )


main({"save": save, "load": load}, {"safetensors": version("safetensors"), "numpy": np.__version__})

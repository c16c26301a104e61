"""torch.save and torch.load of a dictionary of tensors; `mmap` maps the file instead of reading it."""
import os
import tempfile

import torch

import tensors
from measured import Unavailable, main, measure_loads, measure_saves


def path(directory):
    return os.path.join(directory, "model.pt")


def described(request):
    """The tensors' names and shapes, after the warm-up."""
    wanted = tensors.shapes(request["layout"])
    names = tensors.names(len(wanted))
    if request.get("warm", True):
        with tempfile.TemporaryDirectory() as directory:
            tiny = tensors.values(tensors.tiny(len(wanted)))
            torch.save(dict(zip(names, map(torch.from_numpy, tiny))), path(directory))
            torch.load(path(directory), weights_only=True)
    return wanted, names


def save(request):
    wanted, names = described(request)
    # The clones are in torch's own memory.
    values = {name: torch.from_numpy(array).clone() for name, array in zip(names, tensors.values(wanted))}
    return measure_saves(
        request,
        lambda: torch.save(values, path(request["directory"])),
        total=tensors.total(wanted),
        count=len(wanted),
        how="torch.save",
        # A zip archive with CRC-32 of each member, unless that is switched off.
        verifies=True,
    )


def load(request):
    if "partial" in request:
        raise Unavailable("torch.load reads whole tensors")
    wanted, _ = described(request)
    mapped = request.get("variant", "plain") == "mmap"
    return measure_loads(
        request,
        lambda: torch.load(path(request["directory"]), weights_only=True, mmap=mapped),
        total=tensors.total(wanted),
        count=len(wanted),
        how="torch.load with mmap" if mapped else "torch.load",
        verifies=False,
        touch=lambda result: tensors.touch(tensor.numpy() for tensor in result.values()),
    )


main({"save": save, "load": load}, {"torch": torch.__version__})

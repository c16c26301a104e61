"""Published implementations of CRC32C, as their packages build them: GB/s of one thread."""
import time
from importlib import import_module
from importlib.metadata import version

from measured import main

# Package, module, and how to call it.
IMPLEMENTATIONS = {
    "google-crc32c": ("google_crc32c", lambda module: module.value),
    "crc32c": ("crc32c", lambda module: module.crc32c),
    "awscrt": ("awscrt.checksums", lambda module: module.crc32c),
}
ATTEMPTS = 4


def available():
    """The functions that can be imported here. Each must give the right answer."""
    found = {}
    for name, (module, function) in IMPLEMENTATIONS.items():
        try:
            found[name] = function(import_module(module))
        except ImportError:
            continue
        if found[name](b"123456789") != 0xE3069283:
            raise ValueError(f"{name} gives a wrong CRC32C")
    return found


def speed(function, data, seconds):
    best = 0
    for _ in range(ATTEMPTS):
        started = time.perf_counter()
        elapsed = 0
        rounds = 0
        while elapsed < seconds / ATTEMPTS:
            for _ in range(1 if len(data) > 1 << 24 else 16):
                function(data)
                rounds += 1
            elapsed = time.perf_counter() - started
        best = max(best, rounds * len(data) / elapsed / 1e9)
    return best


def crc(request):
    data = bytes(range(251)) * ((1 << 30) // 251 if request.get("memory") else request["bytes"] // 251 + 1)
    if not request.get("memory"):
        data = data[: request["bytes"]]
    seconds = request.get("seconds", 0.3)
    return {"kernels": {name: speed(function, data, seconds) for name, function in available().items()}}


main({"crc": crc}, {name: version(name) for name in available()})

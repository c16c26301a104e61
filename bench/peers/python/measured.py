"""What all peers in Python have in common: the request, the repeats, memory, the disk, and the reply.

A program takes one argument: a request as JSON, or {"requests": [...]}. The last line of its output is the reply.
"""
import gc
import json
import os
import platform
import shutil
import sys
import time


class Unavailable(Exception):
    """The reason why a run cannot be made here. It is an answer, and not a failure."""


def memory(name):
    with open("/proc/self/status", encoding="utf8") as status:
        for line in status:
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def start_peak():
    """Sets the kernel's own account of the peak back to what is resident now, which is returned."""
    with open("/proc/self/clear_refs", "w", encoding="utf8") as file:
        file.write("5")
    return memory("VmRSS:")


def emptied(directory):
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.remove(entry.path)


def synchronize(directory):
    """Syncs every file below the directory, and the directories."""
    for folder, _, names in os.walk(directory):
        for name in names:
            file = os.open(os.path.join(folder, name), os.O_RDWR)
            os.fdatasync(file)
            os.close(file)
        opened = os.open(folder, os.O_RDONLY)
        os.fsync(opened)
        os.close(opened)


def measure_saves(request, save, *, total, count, how, verifies, syncs_itself=False):
    """`save()` writes the tensors into the request's directory."""
    directory = request["directory"]
    durable = request.get("durable", False)
    times = []
    peak = 0
    for _ in range(request.get("repeats", 1)):
        if not request.get("overwrite"):
            emptied(directory)
        gc.collect()
        before = start_peak()
        started = time.perf_counter()
        save()
        if durable and not syncs_itself:
            synchronize(directory)
        times.append(time.perf_counter() - started)
        peak = max(peak, memory("VmHWM:") - before)
    if durable and not syncs_itself:
        how += ", then fdatasync of each file and fsync of the folder"
    return reply(times, total, count, max(0, peak), verifies, durable, how)


def measure_loads(request, load, *, total, count, how, verifies, touch=None, returns=True):
    """`load()` gives what was read, and `touch()` gets that."""
    times = []
    peak = 0
    for _ in range(request.get("repeats", 1)):
        gc.collect()
        before = start_peak()
        started = time.perf_counter()
        result = load()
        if request.get("touch") and touch is not None:
            touch(result)
        times.append(time.perf_counter() - started)
        peak = max(peak, memory("VmHWM:") - before)
        del result
    if request.get("touch") and touch is not None:
        how += ", then one value of each page"
    peak = max(0, peak - (total if returns else 0))
    return reply(times, total, count, peak, verifies, False, how)


def reply(times, total, count, peak, verifies, syncs, how):
    return {
        "seconds": times[0],
        "times": times,
        "blockingSeconds": times[0],
        "bytes": total,
        "tensors": count,
        "peakRssBytes": peak,
        "verifies": verifies,
        "syncs": syncs,
        "how": how,
    }


def main(runs, versions):
    """`runs` are the functions by name; `versions` is what `info` answers."""

    def answer(request):
        if request["run"] == "info":
            return {"versions": {**versions, "python": platform.python_version()}}
        if request["run"] not in runs:
            return {"unavailable": f"this peer has no run '{request['run']}'"}
        try:
            return runs[request["run"]](request)
        except Unavailable as reason:
            return {"unavailable": str(reason)}

    given = json.loads(sys.argv[1])
    if "requests" in given:
        print(json.dumps({"replies": [answer(request) for request in given["requests"]]}))
    else:
        print(json.dumps(answer(given)))

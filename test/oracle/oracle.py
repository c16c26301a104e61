"""A process with real TensorFlow in it that obeys tests: one JSON request a line on stdin, one JSON answer a line.

Request: {"id", "command", "args", "blob"} or {"id", "run": snippet, "args", "blob"}; a snippet is a file of snippets/
with a function run(args). Answer: {"id", "result", "blob"} or {"id", "error": {"type", "message", "traceback"}}.
"""
import importlib
import json
import os
import sys
import traceback

# Answers go to a private copy of stdout; whatever anything prints goes to stderr and cannot break the protocol.
_ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)

import commands  # noqa: E402
import wire  # noqa: E402


def _read(path):
    if path is None:
        return b""
    with open(path, "rb") as file:
        return file.read()


def _execute(request, folder):
    args = wire.decode(request.get("args") or {}, _read(request.get("blob")))
    if "run" in request:
        result = importlib.import_module(f"snippets.{request['run']}").run(args)
    else:
        result = commands.COMMANDS[request["command"]](args)
    encoder = wire.Encoder()
    answer = {"id": request["id"], "result": encoder.encode(result)}
    if encoder.size > 0:
        answer["blob"] = os.path.join(folder, f"answer-{request['id']}")
        with open(answer["blob"], "wb") as file:
            file.writelines(encoder.chunks)
    return answer


def main(folder):
    """Serves until stdin ends, which happens when the test process ends, however it ends."""
    print(json.dumps({"id": 0, "result": tf.__version__}), file=_ANSWERS, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = json.dumps(_execute(request, folder))
        except BaseException as error:  # noqa: BLE001 - every failure belongs to the test that asked
            if isinstance(error, KeyboardInterrupt):
                raise
            details = {"type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
            answer = json.dumps({"id": request["id"], "error": details})
        print(answer, file=_ANSWERS, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

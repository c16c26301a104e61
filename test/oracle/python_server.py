"""The one Python of a test run: it imports TensorFlow once, and runs every script in a fork of itself.

Importing starts no thread of TensorFlow's and no eager context, so a fork is as good as a fresh process. Three
connections to the socket make a job; each begins with a JSON object, after its length in four bytes:

    {"id", "stream": "io"}    the script's stdin and stdout
    {"id", "stream": "err"}   its stderr
    {"id", "stream": "job", "script" or "code", "args", "cwd", "env"}

When the script has ended, the last one gets {"code"} or {"signal"}. A script is killed when its client closes that
connection. Everything ends with the server's stdin, that is with the test run, however that ends.
"""
import atexit
import ctypes
import gc
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
import types

PR_SET_PDEATHSIG = 1
HEADER_SECONDS = 10
# TensorFlow looks at it when it is imported; with it, a script gets a Python of its own after all.
OTHER_IMPORT = "TF_USE_LEGACY_KERAS"


def main():
    """Serves; returns only in a fork, with the job that is to be run there."""
    folder = tempfile.mkdtemp(prefix="tensorbundle-python-")
    server = Server(os.path.join(folder, "socket"))
    print(server.path, flush=True)
    try:
        job = server.serve()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if job is None:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    return job


class Server:
    def __init__(self, path):
        self.path = path
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._waiting = {}  # id -> stream -> (connection, header), until all three are there
        self._running = {}  # process id -> (connection of the job, file that tells of the process's end)
        self._imported = False

    def serve(self):
        self._selector.register(0, selectors.EVENT_READ, None)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._look_at(*key.data)
                elif key.fd == 0:
                    if not os.read(0, 1024):
                        for process in list(self._running):
                            self._kill(process)
                        return None
                else:
                    job = self._accept()
                    if job is not None:
                        return job

    def _accept(self):
        connection, _ = self._listener.accept()
        connection.settimeout(HEADER_SECONDS)
        try:
            header = _receive(connection)
        except OSError:
            connection.close()
            return None
        connection.settimeout(None)
        streams = self._waiting.setdefault(header["id"], {})
        streams[header["stream"]] = (connection, header)
        if len(streams) < 3:
            return None
        del self._waiting[header["id"]]
        return self._start(streams["job"], streams["io"][0], streams["err"][0])

    def _start(self, job, io, err):
        self._import()
        connection, description = job
        process = os.fork()
        if process == 0:
            self._become(io, err, connection)
            return description
        io.close()
        err.close()
        ended = os.pidfd_open(process)
        self._running[process] = (connection, ended)
        self._selector.register(ended, selectors.EVENT_READ, ("ended", process))
        self._selector.register(connection, selectors.EVENT_READ, ("left", process))
        return None

    def _import(self):
        if self._imported:
            return
        os.environ.pop(OTHER_IMPORT, None)
        os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")
        # What TensorFlow says of itself while it is imported is not of this test or that one.
        errors = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            import keras  # noqa: F401
            import numpy  # noqa: F401
            import tensorflow  # noqa: F401
            import tf_keras  # noqa: F401
        finally:
            os.dup2(errors, 2)
            os.close(errors)
            os.close(nowhere)
        # What is here now is not looked at again in the forks.
        gc.collect()
        gc.freeze()
        self._imported = True

    def _look_at(self, what, process):
        if process not in self._running:
            return
        if what == "left":
            # Nothing is sent on it, so it was closed.
            self._kill(process)
        connection, ended = self._running.pop(process)
        self._selector.unregister(connection)
        self._selector.unregister(ended)
        os.close(ended)
        if what == "ended":
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            answer = {"code": code} if code >= 0 else {"signal": signal.Signals(-code).name}
            try:
                connection.sendall(json.dumps(answer).encode())
            except OSError:
                pass  # the client has gone as well
        connection.close()

    def _kill(self, process):
        try:
            os.killpg(process, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(process, signal.SIGKILL)  # it has not made its group yet
        os.waitpid(process, 0)

    def _become(self, io, err, connection):
        """In the fork: a process of its own, with nothing of the server's in it."""
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(io.fileno(), 0)
        os.dup2(io.fileno(), 1)
        os.dup2(err.fileno(), 2)
        self._selector.close()
        for one in [io, err, connection, self._listener]:
            one.close()
        for other, ended in self._running.values():
            other.close()
            os.close(ended)
        for streams in self._waiting.values():
            for other, _ in streams.values():
                other.close()


def _receive(connection):
    length = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
    return json.loads(connection.recv(length, socket.MSG_WAITALL))


def run(job):
    """What `python SCRIPT ARGS` or `python -c CODE ARGS` does, but for taking the interpreter down piece by piece."""
    code = 1
    try:
        _execute(job)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, int):
            code = end.code
        elif end.code is None:
            code = 0
        else:
            print(end.code, file=sys.stderr)
    except BaseException as error:  # noqa: BLE001 - Python prints them all
        traceback.print_exception(error.with_traceback(error.__traceback__.tb_next))
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 120  # Python's own for output that is lost
    os._exit(code & 0xFF)


def _execute(job):
    os.chdir(job["cwd"])
    if OTHER_IMPORT in job["env"]:
        what = [job["script"]] if "script" in job else ["-c", job["code"]]
        os.execve(sys.executable, [sys.executable, *what, *job["args"]], job["env"])
    os.environ.clear()
    os.environ.update(job["env"])
    # Python's own generator is seeded anew in a fork.
    sys.modules["numpy"].random.seed()
    script = job.get("script")
    path = os.environ.get("PYTHONPATH")
    folder = os.path.dirname(os.path.abspath(script)) if script else ""
    sys.path[:1] = [folder, *(path.split(os.pathsep) if path else [])]
    sys.argv = [script or "-c", *job["args"]]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    if script:
        module.__file__ = script
        with open(script, "rb") as file:
            code = compile(file.read(), script, "exec")
    else:
        code = compile(job["code"], "<string>", "exec")
    exec(code, module.__dict__)


if __name__ == "__main__":
    run(main())

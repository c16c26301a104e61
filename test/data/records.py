"""`write FILE`: records from JSON lists of bytes on stdin; `read FILE`: prints them; `lines FILE…`: those of
TextLineDataset.
"""
import json
import sys

import tensorflow as tf

command, path, *more = sys.argv[1:]
if command == "write":
    with tf.io.TFRecordWriter(path) as writer:
        for record in json.load(sys.stdin):
            writer.write(bytes(record))
elif command == "read":
    print(json.dumps([list(record) for record in tf.data.TFRecordDataset(path).as_numpy_iterator()]))
else:
    files = [path, *more]
    print(json.dumps([[line.decode() for line in tf.data.TextLineDataset(one).as_numpy_iterator()] for one in files]))

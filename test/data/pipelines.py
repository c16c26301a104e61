"""Runs pipelines, given as JSON on stdin, through tf.data and prints their elements."""
import json
import sys

import tensorflow as tf


def dataset_of(pipeline):
    dataset = tf.data.Dataset.range(pipeline["range"])
    for name, *args in pipeline["steps"]:
        if name == "map":
            dataset = dataset.map(lambda x, k=args[0]: x * k + 1)
        elif name == "filter":
            dataset = dataset.filter(lambda x, k=args[0]: x % k != 0)
        elif name == "take":
            dataset = dataset.take(args[0])
        elif name == "skip":
            dataset = dataset.skip(args[0])
        elif name == "repeat":
            dataset = dataset.repeat(args[0])
        elif name == "prefetch":
            dataset = dataset.prefetch(args[0])
        elif name == "concatenate":
            dataset = dataset.concatenate(dataset_of(args[0]))
        elif name == "zip":
            dataset = tf.data.Dataset.zip((dataset, dataset_of(args[0]))).map(lambda a, b: a % 1000 * 1000 + b % 1000)
        elif name == "interleave":
            dataset = dataset.interleave(
                lambda x, k=args[2]: tf.data.Dataset.range(x % 10000 % k).map(lambda y: x % 10000 * 100 + y),
                cycle_length=args[0],
                block_length=args[1],
            )
        elif name == "batch":
            dataset = dataset.batch(args[0], drop_remainder=not args[1])
    return dataset


print(json.dumps([[x.tolist() for x in dataset_of(p).as_numpy_iterator()] for p in json.load(sys.stdin)]))

"""What the tests ask TensorFlow's checkpoint functions to do. Each command takes the decoded JSON arguments."""
import tensorflow as tf


def save_v2(args):
    """SaveV2 of `tensors` [{name, value, slice?}] in that order, under exactly `prefix`."""
    items = args["tensors"]
    tf.raw_ops.SaveV2(
        prefix=args["prefix"],
        tensor_names=[item["name"] for item in items],
        shape_and_slices=[item.get("slice", "") for item in items],
        tensors=[item["value"] for item in items],
    )


def merge_v2(args):
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=args["prefixes"],
        destination_prefix=args["dest"],
        delete_old_dirs=args.get("deleteOldDirs", False),
        allow_missing_files=args.get("allowMissingFiles", False),
    )


def entries(args):
    """[{name, dtype, shape}] as the checkpoint's reader lists them, sorted by UTF-8 bytes."""
    reader = tf.train.load_checkpoint(args["prefix"])
    dtypes = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    return [
        {"name": name, "dtype": dtypes[name].name, "shape": list(shapes[name])}
        for name in sorted(shapes, key=lambda name: name.encode())
    ]


def restore(args):
    """RestoreV2 of `items` [{name, dtype, slice?}]; without items, of everything in the checkpoint."""
    items = args.get("items")
    if items is None:
        items = entries(args)
    if not items:
        return []
    values = tf.raw_ops.RestoreV2(
        prefix=args["prefix"],
        tensor_names=[item["name"] for item in items],
        shape_and_slices=[item.get("slice", "") for item in items],
        dtypes=[tf.as_dtype(item["dtype"]) for item in items],
    )
    return [{"name": item["name"], "value": value} for item, value in zip(items, values)]


def reader_values(args):
    """Every tensor through tf.train.load_checkpoint's get_tensor, which not every dtype survives."""
    reader = tf.train.load_checkpoint(args["prefix"])
    names = args.get("names") or sorted(reader.get_variable_to_shape_map())
    return [{"name": name, "value": tf.convert_to_tensor(reader.get_tensor(name))} for name in names]


def list_variables(args):
    return [{"name": name, "shape": list(shape)} for name, shape in tf.train.list_variables(args["path"])]


def exists(args):
    return bool(tf.compat.v1.train.checkpoint_exists(args["path"]))


def remove(args):
    tf.compat.v1.train.remove_checkpoint(args["path"])


def latest(args):
    return tf.train.latest_checkpoint(args["dir"], args.get("latestFilename"))


def state(args):
    """The `checkpoint` state file of a directory as TensorFlow understands it, or None."""
    found = tf.train.get_checkpoint_state(args["dir"], args.get("latestFilename"))
    if found is None:
        return None
    return {
        "modelCheckpointPath": found.model_checkpoint_path,
        "allModelCheckpointPaths": list(found.all_model_checkpoint_paths),
        "allModelCheckpointTimestamps": list(found.all_model_checkpoint_timestamps),
        "lastPreservedTimestamp": found.last_preserved_timestamp,
    }


def update_state(args):
    tf.compat.v1.train.update_checkpoint_state(
        args["dir"],
        args["modelCheckpointPath"],
        all_model_checkpoint_paths=args.get("allModelCheckpointPaths"),
        latest_filename=args.get("latestFilename"),
    )


def versions(_args):
    import tf_keras

    return {"tensorflow": tf.__version__, "tf_keras": tf_keras.__version__}


def roundtrip(args):
    """Gives back what it was given: the self-test of the wire."""
    return args["value"]


COMMANDS = {
    "entries": entries,
    "exists": exists,
    "latest": latest,
    "listVariables": list_variables,
    "mergeV2": merge_v2,
    "readerValues": reader_values,
    "remove": remove,
    "restore": restore,
    "roundtrip": roundtrip,
    "saveV2": save_v2,
    "state": state,
    "updateState": update_state,
    "versions": versions,
}

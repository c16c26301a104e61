"""Variants in checkpoints: tensor lists, saved and restored by TensorFlow itself."""
import tensorflow as tf


def run(args):
    """{op: 'save', prefix, name, lists: [[tensors of one shape]], dtype, before?, after?: [{name, value}]}: one scalar
    variant a list, or a vector of them if there are several. {op: 'restore', prefix, name, dtype} -> [[tensors]]"""
    dtype = tf.as_dtype(args["dtype"])
    if args["op"] == "save":
        handles = [_handle(items, dtype) for items in args["lists"]]
        value = handles[0] if len(handles) == 1 else tf.stack(handles)
        items = [*args.get("before", []), {"name": args["name"], "value": value}, *args.get("after", [])]
        tf.raw_ops.SaveV2(
            prefix=args["prefix"],
            tensor_names=[item["name"] for item in items],
            shape_and_slices=[""] * len(items),
            tensors=[item["value"] for item in items],
        )
        return None
    (value,) = tf.raw_ops.RestoreV2(
        prefix=args["prefix"], tensor_names=[args["name"]], shape_and_slices=[""], dtypes=[tf.variant]
    )
    handles = [value] if value.shape.rank == 0 else tf.unstack(value)
    return [_items(handle, dtype) for handle in handles]


def _handle(items, dtype):
    handle = tf.raw_ops.EmptyTensorList(element_shape=-1, max_num_elements=-1, element_dtype=dtype)
    for item in items:
        handle = tf.raw_ops.TensorListPushBack(input_handle=handle, tensor=item)
    return handle


def _items(handle, dtype):
    count = int(tf.raw_ops.TensorListLength(input_handle=handle))
    return [
        tf.raw_ops.TensorListGetItem(input_handle=handle, index=i, element_shape=-1, element_dtype=dtype)
        for i in range(count)
    ]

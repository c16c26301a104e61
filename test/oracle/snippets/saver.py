"""tf.compat.v1.train.Saver in a graph: writes the V1 or the V2 format, or restores."""
import tensorflow as tf

v1 = tf.compat.v1


def _slices_of(value):
    """An initializer that gives each partition its part of `value`."""

    def initialize(shape, dtype=None, partition_info=None):
        offset = partition_info.var_offset if partition_info else [0] * value.ndim
        return tf.constant(value[tuple(slice(o, o + int(n)) for o, n in zip(offset, shape))], dtype=dtype)

    return initialize


def run(args):
    """{op: 'save', prefix, tensors: [{name, value}], version: 1|2, partitions?: {name: parts}} -> path
    {op: 'restore', prefix, tensors: [{name, dtype, shape}]} -> [{name, value}]"""
    with tf.Graph().as_default(), v1.Session() as session:
        if args["op"] == "restore":
            variables = {
                t["name"]: v1.get_variable(
                    f"v{i}", shape=t["shape"], dtype=t["dtype"], initializer=v1.zeros_initializer()
                )
                for i, t in enumerate(args["tensors"])
            }
            v1.train.Saver(variables).restore(session, args["prefix"])
            return [{"name": name, "value": session.run(variable)} for name, variable in variables.items()]
        parts = args.get("partitions", {})
        variables = {}
        for i, tensor in enumerate(args["tensors"]):
            value = tensor["value"].numpy()
            partitioner = v1.fixed_size_partitioner(parts[tensor["name"]]) if tensor["name"] in parts else None
            variables[tensor["name"]] = v1.get_variable(
                f"v{i}",
                shape=value.shape,
                dtype=tensor["value"].dtype,
                initializer=_slices_of(value),
                partitioner=partitioner,
            )
        session.run(v1.global_variables_initializer())
        version = v1.train.SaverDef.V1 if args.get("version", 2) == 1 else v1.train.SaverDef.V2
        saver = v1.train.Saver(variables, write_version=version)
        return saver.save(session, args["prefix"], write_meta_graph=False, write_state=args.get("writeState", False))

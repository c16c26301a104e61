"""tf.train.Checkpoint and CheckpointManager over a flat set of variables."""
import tensorflow as tf


def _build(variables):
    # Made in the order given: that is the order of the nodes, hence of the bytes in the data file.
    return {item["name"]: tf.Variable(item["value"]) for item in variables}


def _values(variables):
    return [{"name": name, "value": variable} for name, variable in variables.items()]


def run(args):
    """{op: 'save'|'write', prefix, variables: [{name, value}], options?} -> path
    {op: 'restore'|'read', path, variables, assert?: 'consumed'|'matched'|'nontrivial'} -> [{name, value}]
    {op: 'manager', dir, variables, saves, maxToKeep, checkpointName?} -> {paths, checkpoints, latest}
    {op: 'restoreOrInitialize', dir, variables} -> {path, values}"""
    variables = _build(args["variables"])
    checkpoint = tf.train.Checkpoint(**variables)
    op = args["op"]
    if op in ("save", "write"):
        options = tf.train.CheckpointOptions(**args["options"]) if args.get("options") else None
        return getattr(checkpoint, op)(args["prefix"], options=options)
    if op in ("restore", "read"):
        status = getattr(checkpoint, op)(args["path"])
        check = args.get("assert")
        if check == "consumed":
            status.assert_consumed()
        elif check == "matched":
            status.assert_existing_objects_matched()
        elif check == "nontrivial":
            status.assert_nontrivial_match()
        else:
            status.expect_partial()
        return _values(variables)
    name = args.get("checkpointName", "ckpt")
    options = {"max_to_keep": args.get("maxToKeep"), "checkpoint_name": name}
    manager = tf.train.CheckpointManager(checkpoint, args["dir"], **options)
    if op == "manager":
        paths = [manager.save() for _ in range(args["saves"])]
        return {"paths": paths, "checkpoints": manager.checkpoints, "latest": manager.latest_checkpoint}
    if op == "restoreOrInitialize":
        path = manager.restore_or_initialize()
        return {"path": path, "values": _values(variables)}
    raise ValueError(f"unknown op {op}")

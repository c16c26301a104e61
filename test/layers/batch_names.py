"""Keras's own automatic names for a topology that TensorFlow.js named.

An automatic name of tfjs (`dense_Dense3`: class in snake case, class, a counter of the process) says nothing to Keras.
Here real Keras creates the layers, in the order in which tfjs created them and without those names; what it calls them
then replaces them. Names that the user gave are kept.
"""
import copy
import re

import tf_keras as keras

MODELS = ("Sequential", "Model", "Functional")


def is_automatic(name, class_name):
    return re.fullmatch(rf"[a-z0-9_]+_{class_name}\d+", name) is not None or (
        class_name in MODELS and re.fullmatch(r"(sequential_|model)\d+", name) is not None
    )


def drop_automatic(value):
    """Removes automatic names in place, at any depth."""
    if isinstance(value, list):
        for item in value:
            drop_automatic(item)
    if not isinstance(value, dict):
        return
    config = value.get("config")
    is_layer = isinstance(config, dict) and "class_name" in value
    if is_layer and is_automatic(config.get("name") or "", value["class_name"]):
        del config["name"]
    for item in value.values():
        drop_automatic(item)


def collect(entry, found):
    """All entries in a model, also those of the models, wrapped layers and cells in it, each after what it holds."""
    config = entry["config"]
    for held in [*config.get("layers", []), *config.get("cells", []), config.get("layer"), config.get("cell")]:
        if held is not None:
            collect(held, found)
    found.append(entry)


def automatic_name(class_name):
    """What Keras calls the next model or wrapper; what is made for it counts for no layer with weights."""
    if class_name == "Sequential":
        return keras.Sequential().name
    if class_name in MODELS:
        given = keras.Input((1,))
        return keras.Model(given, given).name
    return getattr(keras.layers, class_name)(keras.layers.Activation("linear")).name


def adopt_names(config, named):
    """Copies the names of a layer, its cells and what it wraps to where they are missing."""
    if isinstance(config, list) and isinstance(named, list):
        for item, source in zip(config, named):
            adopt_names(item, source)
    if isinstance(config, dict) and isinstance(named, dict):
        if isinstance(named.get("name"), str):
            config.setdefault("name", named["name"])
        for key in config.keys() & named.keys():
            adopt_names(config[key], named[key])


def rename(entry):
    """Gives the entry Keras's name, with a real layer where there is one to make. Returns the old name and the new."""
    name = entry["config"].get("name")
    class_name = entry["class_name"]
    inner = entry["config"].get("layer")
    if class_name in MODELS or (inner is not None and inner["class_name"] in MODELS):
        if is_automatic(name, class_name):
            entry["config"]["name"] = automatic_name(class_name)
    else:
        drop_automatic(entry)
        layer = keras.layers.deserialize(copy.deepcopy({"class_name": class_name, "config": entry["config"]}))
        adopt_names(entry["config"], layer.get_config())
    return name, entry["config"]["name"]


def with_keras_names(topology):
    entries = []
    collect(topology, entries)
    entries.sort(key=lambda entry: entry["created"])
    names = dict(rename(entry) for entry in entries)
    for entry in entries:
        if entry["class_name"] in MODELS:
            refer(entry["config"], names)
    return topology


def refer(config, names):
    """Points the connections of a functional model at the new names."""
    def renamed(references):
        return [[names.get(name, name), *rest] for name, *rest in references]

    for layer in config["layers"]:
        if "inbound_nodes" in layer:
            layer["name"] = layer["config"]["name"]
            layer["inbound_nodes"] = [renamed(node) for node in layer["inbound_nodes"]]
    for end in ("input_layers", "output_layers"):
        if end in config:
            config[end] = renamed(config[end])

"""Everything that a model can be compiled with, as Python programs write it, in models as small as possible."""

ROWS = {}
VOCABULARIES = {}
UNTRAINED = {}
CLASSES = set()
# Rows that only one of the two has.
ONLY = {}


def add(name, compile_it, head=None, only=None):
    def make(keras):
        l = keras.layers
        last = head(keras) if head else l.Dense(2)
        model = keras.Sequential([keras.Input((4,)), l.Dense(5, "tanh"), last])
        compile_it(keras, model)
        return model

    ROWS[name] = make
    if only is not None:
        ONLY[name] = only


def optimizer(name, make, only=None):
    def compile_it(keras, model):
        model.compile(make(keras.optimizers), "mse", run_eagerly=True)

    add(f"optimizer: {name}", compile_it, only=only)


optimizer("sgd", lambda o: o.SGD(0.05))
optimizer("momentum", lambda o: o.SGD(0.05, momentum=0.9, weight_decay=0.01))
optimizer("nesterov", lambda o: o.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.1))
optimizer("adam", lambda o: o.Adam(0.01, clipnorm=0.5))
optimizer("adam, all options", lambda o: o.Adam(0.01, beta_1=0.8, beta_2=0.9, epsilon=1e-4, amsgrad=True))
optimizer("adamw", lambda o: o.AdamW(0.01, weight_decay=0.02, global_clipnorm=0.5))
optimizer("adamax", lambda o: o.Adamax(0.01))
optimizer("adagrad", lambda o: o.Adagrad(0.1, initial_accumulator_value=0.2))
optimizer("adadelta", lambda o: o.Adadelta(1.0))
optimizer("rmsprop", lambda o: o.RMSprop(0.01))
optimizer("rmsprop, centered", lambda o: o.RMSprop(0.01, momentum=0.5, centered=True))
optimizer("nadam", lambda o: o.Nadam(0.01))
optimizer("inverse schedule", lambda o: o.Adam(o.schedules.InverseTimeDecay(0.1, 2, 0.5)))
optimizer("exponential schedule", lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 2, 0.5)))
optimizer("cosine schedule", lambda o: o.SGD(o.schedules.CosineDecay(0.1, 100)))
optimizer("loss scale", lambda o: o.LossScaleOptimizer(o.Adam(0.01), initial_scale=8.0), only="keras")
optimizer("legacy adam", lambda o: o.legacy.Adam(0.01, decay=0.05), only="tf_keras")
optimizer("legacy sgd", lambda o: o.legacy.SGD(0.05, momentum=0.9, decay=0.1), only="tf_keras")
optimizer("legacy rmsprop", lambda o: o.legacy.RMSprop(0.01, momentum=0.5), only="tf_keras")
optimizer("legacy nadam", lambda o: o.legacy.Nadam(0.01), only="tf_keras")
optimizer("legacy adagrad", lambda o: o.legacy.Adagrad(0.1), only="tf_keras")


def softmax(keras):
    return keras.layers.Dense(3, "softmax")


def loss(name, make, head=softmax, only=None):
    def compile_it(keras, model):
        model.compile(keras.optimizers.SGD(0.05), make(keras), run_eagerly=True)

    add(f"loss: {name}", compile_it, head, only)


LOSSES = ["mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "squared_hinge", "hinge"]
LOSSES += ["mean_squared_logarithmic_error", "categorical_hinge", "categorical_crossentropy", "poisson", "mse", "mae"]
LOSSES += ["kl_divergence", "log_cosh", "cosine_similarity", "mape", "msle"]

for known in LOSSES:
    loss(known, lambda keras, known=known: known)

loss("MeanSquaredError()", lambda keras: keras.losses.MeanSquaredError())
loss("CategoricalCrossentropy()", lambda keras: keras.losses.CategoricalCrossentropy())
loss("a function", lambda keras: keras.losses.mean_absolute_error)
loss("binary_crossentropy", lambda keras: "binary_crossentropy", lambda keras: keras.layers.Dense(1, "sigmoid"))


def with_metrics(keras, model):
    found = [keras.metrics.MeanAbsoluteError(name="mine"), keras.metrics.CategoricalAccuracy()]
    found += ["accuracy", "mse", "mae"]
    model.compile("adam", "categorical_crossentropy", metrics=found, run_eagerly=True)


add("metrics", with_metrics, softmax)


def logits(keras):
    return keras.layers.Dense(3)


def one_logit(keras):
    return keras.layers.Dense(1)


def one_probability(keras):
    return keras.layers.Dense(1, "sigmoid")


from_logits = {"from_logits": True}
loss("binary from logits", lambda keras: keras.losses.BinaryCrossentropy(**from_logits), one_logit)
loss("several binary from logits", lambda keras: keras.losses.BinaryCrossentropy(**from_logits), logits)
loss("binary, smooth", lambda keras: keras.losses.BinaryCrossentropy(label_smoothing=0.2), one_probability)
loss("binary, smooth from logits", lambda k: k.losses.BinaryCrossentropy(label_smoothing=0.2, **from_logits), logits)
loss("no logits, though so called", lambda keras: keras.losses.BinaryCrossentropy(**from_logits), one_probability)
loss("categorical from logits", lambda keras: keras.losses.CategoricalCrossentropy(**from_logits), logits)
loss("categorical, smooth", lambda keras: keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
loss("categorical, no logits", lambda keras: keras.losses.CategoricalCrossentropy(**from_logits))
loss("huber", lambda keras: "huber")
# Keras 3.15 does not save delta.
loss("Huber(0.1)", lambda keras: keras.losses.Huber(0.1), only="tf_keras")
loss("CosineSimilarity()", lambda keras: keras.losses.CosineSimilarity())


def smooth_logits(keras, model):
    found = keras.losses.CategoricalCrossentropy(label_smoothing=0.1, from_logits=True)
    other = keras.metrics.CategoricalCrossentropy(from_logits=True, name="entropy")
    metrics = [keras.metrics.BinaryAccuracy(threshold=0.3), other, "accuracy"]
    model.compile(keras.optimizers.Adam(), found, metrics=metrics, loss_weights=[0.5], run_eagerly=True)


def sparse(keras, model):
    found = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = ["accuracy", keras.metrics.SparseCategoricalAccuracy("right")]
    model.compile(keras.optimizers.Adam(), found, metrics=metrics, run_eagerly=True)


def weighted(keras, model):
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", loss_weights=0.3, run_eagerly=True)


add("smooth logits with metrics", smooth_logits, logits)
add("classes from logits", sparse, logits)
add("classes, weighted", weighted, softmax)
CLASSES.update(["classes from logits", "classes, weighted"])

EVERY = ["squared_hinge", "hinge", "categorical_hinge", "mean_squared_logarithmic_error", "kl_divergence", "poisson"]
EVERY += ["log_cosh", "cosine_similarity", "mean_absolute_percentage_error"]


def weighted_outputs(names, weights, head="softmax"):
    def make(keras):
        l = keras.layers
        x = keras.Input((4,))
        y = l.Dense(3, "tanh")(x)
        model = keras.Model(x, [l.Dense(2, head, name=f"out_{i}")(y) for i in range(len(names))])
        model.compile(keras.optimizers.SGD(0.05), names, loss_weights=weights, run_eagerly=True)
        return model

    return make


ROWS["every loss, weighted"] = weighted_outputs(EVERY, [0.2 + 0.1 * i for i in range(len(EVERY))])


def named_weights(keras):
    losses = {"out_0": "mse", "out_1": keras.losses.BinaryCrossentropy(from_logits=True)}
    return weighted_outputs(losses, {"out_1": 0.2, "out_0": 1.0}, "linear")(keras)


ROWS["weights by name"] = named_weights


def two_outputs(keras):
    l = keras.layers
    x = keras.Input((4,))
    y = l.Dense(3, "tanh")(x)
    model = keras.Model(x, [l.Dense(2, name="one")(y), l.Dense(1, "sigmoid", name="two")(y)])
    losses = {"one": keras.losses.MeanAbsoluteError(), "two": "binary_crossentropy"}
    model.compile("rmsprop", losses, metrics={"one": ["mse"], "two": ["mae"]}, run_eagerly=True)
    return model


def frozen_parts(keras):
    l = keras.layers
    inner = keras.Sequential([keras.Input((4,)), l.Dense(3), l.Dense(3, "tanh")], name="inner")
    inner.trainable = False
    model = keras.Sequential([keras.Input((4,)), l.Dense(4, trainable=False), inner, l.Dense(2)])
    model.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    return model


ROWS["two outputs with losses by name"] = two_outputs
ROWS["frozen parts"] = frozen_parts

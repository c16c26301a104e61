"""Takes over what fine-tune.mjs has trained."""
import numpy as np
import tf_keras as keras

model = keras.Sequential(
    [
        keras.layers.Dense(16, "relu", name="hidden", input_shape=(2,)),
        keras.layers.Dense(2, "softmax", name="inside"),
    ]
)
model.load_weights("done/inside").assert_consumed()
print("probabilities", *model.predict(np.array([[0.5, 0.5]]), verbose=0)[0].tolist())

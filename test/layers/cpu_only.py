"""tf_keras's LSTM and GRU as they run on a CPU, without what it takes to choose.

In a graph, and so whenever a model is built, they trace themselves once for each kind of device, with gradients, and
leave the choice to Grappler: a second a layer. What it chooses on a CPU is this.
"""
from tf_keras.src.layers.rnn import gru, lstm

lstm.lstm_with_backend_selection = lstm.standard_lstm
gru.gru_with_backend_selection = gru.standard_gru

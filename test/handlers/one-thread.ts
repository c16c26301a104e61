/**
 * TensorFlow on one thread, for tests that compare trainings bit for bit. On several threads it adds up in another order
 * now and then: a gradient that is nothing but rounding then has another sign, and an optimizer that divides by its size
 * makes a step of it. Import this file before tfjs-node.
 */
process.env.TF_NUM_INTRAOP_THREADS = '1';
process.env.TF_NUM_INTEROP_THREADS = '1';

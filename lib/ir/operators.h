// The families of operators, for the table in ir/operators.cpp; each is a file of ir/operators/.
#pragma once

#include "ir/operator.h"

namespace frugal::ir {

OperatorTable convolutions();       // conv, depthwise_conv
OperatorTable dense_operators();    // fully_connected, embedding
OperatorTable normalisations();     // batch_norm
OperatorTable activations();        // relu, relu6, h_swish, h_sigmoid, sigmoid, tanh, softmax
OperatorTable arithmetic();         // add, mul
OperatorTable pools();              // max_pool, average_pool, global_average_pool
OperatorTable rearrangements();     // identity, reshape, flatten, concatenate, slice, pad, channel_shuffle
OperatorTable losses();             // cross_entropy, mean_squared_error, and their gradients
OperatorTable number_formats();     // quantize, dequantize, requantize
OperatorTable gradients();          // …_input_gradient, …_weight_gradient, rescale_gradient, channel_sum
OperatorTable integer_gradients();  // mask_gradient, shared_exponent, narrow, common_exponent, sum_gradients
OperatorTable updates();            // update, update_integer

}  // namespace frugal::ir

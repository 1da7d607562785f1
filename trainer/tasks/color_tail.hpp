// A start for generators that end in three channels.
#pragma once

namespace mirra::trainer {

class GraphModule;

/// Where the generator ends in batch norm and ReLU of three channels and a convolution of them, makes that
/// convolution pass each channel on and shifts the batch norm, so that nearly all of a picture's range lies
/// where the ReLU lets it through. From random weights channels die there, and the pictures stay gray
/// (docs/explanation/method.md).
/// @returns whether it ends so; any other ending is left as it is
bool start_color_tail(GraphModule &generator);

} // namespace mirra::trainer

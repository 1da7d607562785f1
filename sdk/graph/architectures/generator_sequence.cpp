// The layers that the generators are sequences of.
#include "alexnet.hpp"
#include "generators.hpp"

namespace mirra::graph {

void GeneratorSequence::conv(std::int64_t channels) {
    x_ = b_.conv2d(x_, {.in = channels_, .out = channels}, next());
    channels_ = channels;
    norm_relu();
}

void GeneratorSequence::transposed(std::int64_t channels, std::int64_t stride) {
    x_ = b_.conv_transpose2d(
        x_, {.in = channels_, .out = channels, .kernel = 4, .stride = stride, .padding = 1}, next());
    channels_ = channels;
    norm_relu();
}

void GeneratorSequence::upsample() {
    x_ = b_.upsample_nearest(x_, 2, next());
}

std::string GeneratorSequence::image() {
    x_ = b_.conv2d(x_, {.in = channels_, .out = kColors, .bias = true}, next());
    return append_image_range(b_, x_, next());
}

std::string GeneratorSequence::next() {
    return "generator.gen." + std::to_string(index_++);
}

void GeneratorSequence::norm_relu() {
    x_ = b_.batch_norm(x_, channels_, next());
    x_ = b_.relu(x_, next());
}

} // namespace mirra::graph

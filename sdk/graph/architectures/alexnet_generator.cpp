// The three generators that invert AlexNet's taps; layer numbers are those of the authors' state dicts.
#include "alexnet.hpp"

#include "mirra/error.hpp"

namespace mirra::graph {
namespace {

/// Appends the layers of a torch-like sequence and counts them, since the counts are the names of the
/// weights.
class Sequence {
  public:
    Sequence(Builder &builder, std::string x) : b_(builder), x_(std::move(x)) {}

    void conv(std::int64_t in, std::int64_t out) {
        x_ = b_.conv2d(x_, {.in = in, .out = out}, next());
        norm_relu(out);
    }
    /// Kernel 4, padding 1: stride 1 adds a pixel, stride 2 doubles the extent.
    void transposed(std::int64_t in, std::int64_t out, std::int64_t stride) {
        x_ = b_.conv_transpose2d(x_, {.in = in, .out = out, .kernel = 4, .stride = stride, .padding = 1},
                                 next());
        norm_relu(out);
    }
    void upsample() { x_ = b_.upsample_nearest(x_, 2, next()); }
    /// The last convolution, the only one with a bias, and what maps it to [0, 1].
    std::string image() {
        x_ = b_.conv2d(x_, {.in = 3, .out = 3, .bias = true}, next());
        return append_image_range(b_, x_, next());
    }

  private:
    std::string next() { return "generator.gen." + std::to_string(index_++); }
    void norm_relu(std::int64_t channels) {
        x_ = b_.batch_norm(x_, channels, next());
        x_ = b_.relu(x_, next());
    }

    Builder &b_;
    std::string x_;
    int index_ = 0;
};

std::string conv5_generator(Sequence s) {
    s.conv(256, 256);
    s.transposed(256, 256, 1);
    s.conv(256, 256);
    s.transposed(256, 256, 2);
    s.conv(256, 256);
    s.transposed(256, 128, 2);
    s.conv(128, 128);
    s.transposed(128, 64, 2);
    s.conv(64, 64);
    s.transposed(64, 32, 2);
    s.conv(32, 32);
    s.transposed(32, 3, 2);
    return s.image();
}

std::string conv2_generator(Sequence s) {
    s.conv(192, 192);
    s.transposed(192, 192, 1);
    s.conv(192, 96);
    s.upsample();
    s.conv(96, 96);
    s.conv(96, 64);
    s.upsample();
    s.conv(64, 64);
    s.upsample();
    s.conv(64, 64);
    s.upsample();
    s.conv(64, 32);
    s.conv(32, 3);
    return s.image();
}

std::string conv1_generator(Sequence s) {
    s.conv(64, 64);
    s.transposed(64, 64, 1);
    s.conv(64, 64);
    s.upsample();
    s.conv(64, 64);
    s.conv(64, 32);
    s.upsample();
    s.conv(32, 32);
    s.upsample();
    s.conv(32, 16);
    s.conv(16, 3);
    return s.image();
}

std::int64_t tap_channels(AlexNetTap tap) {
    if (tap == AlexNetTap::conv1) return 64;
    return tap == AlexNetTap::conv2 ? 192 : 256;
}

} // namespace

std::string append_image_range(Builder &b, const std::string &x, const std::string &tanh_name) {
    return b.normalise(b.tanh(x, tanh_name), {-1, -1, -1}, {2, 2, 2}, "generator.image");
}

std::string append_alexnet_generator(Builder &b, const std::string &features, AlexNetTap tap) {
    switch (tap) {
    case AlexNetTap::conv1:
        return conv1_generator(Sequence(b, features));
    case AlexNetTap::conv2:
        return conv2_generator(Sequence(b, features));
    case AlexNetTap::conv5:
        return conv5_generator(Sequence(b, features));
    }
    throw Error(ErrorCode::invalid_argument, "unknown AlexNet tap", "tap");
}

Graph alexnet_generator(AlexNetTap tap) {
    Builder b("generator");
    b.output("image", append_alexnet_generator(b, b.input("features", tap_channels(tap)), tap));
    return b.finish();
}

} // namespace mirra::graph

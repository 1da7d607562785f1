// The generator of DeePSiM (Dosovitskiy and Brox 2016) for AlexNet's conv5, 12.7 million parameters, the row
// of Table 7. It is tied to 6 x 6 features and gives 256 x 256 pixels, of which the middle 224 x 224 are
// kept.
#include "alexnet.hpp"
#include "classifiers.hpp"
#include "generators.hpp"

#include "mirra/error.hpp"

namespace mirra::graph {
namespace {

constexpr double kSlope = 0.3;
const std::string kPrefix = "generator.";

class DeepsimSequence {
  public:
    DeepsimSequence(Builder &builder, std::string x, std::int64_t channels)
        : b_(builder)
        , x_(std::move(x))
        , channels_(channels) {}

    void conv(std::int64_t out, std::int64_t padding, const char *name) {
        x_ = b_.conv2d(x_, {.in = channels_, .out = out, .padding = padding, .bias = true}, kPrefix + name);
        activate(out, name);
    }
    void transposed(std::int64_t out, std::int64_t kernel, const char *name) {
        const std::int64_t stride = kernel == 4 ? 2 : 1;
        x_ = b_.conv_transpose2d(
            x_, {.in = channels_, .out = out, .kernel = kernel, .stride = stride, .padding = 1},
            kPrefix + name);
        activate(out, name);
    }
    std::string image() {
        constexpr std::int64_t kMargin = 16;
        x_ = b_.conv_transpose2d(x_, {.in = channels_, .out = 3, .kernel = 4, .stride = 2, .padding = 1},
                                 kPrefix + "tconv0");
        x_ = b_.crop(x_, kMargin, kMargin, kMargin, kMargin, kPrefix + "crop");
        return append_image_range(b_, x_, kPrefix + "tanh");
    }

  private:
    void activate(std::int64_t channels, const char *name) {
        channels_ = channels;
        x_ = b_.leaky_relu(x_, kSlope, kPrefix + name + ".relu");
    }
    Builder &b_;
    std::string x_;
    std::int64_t channels_;
};

} // namespace

std::string append_deepsim_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                  double width) {
    if (geometry.stride != 32 || geometry.missing != 1)
        throw Error(ErrorCode::unsupported, "the DeePSiM layout inverts AlexNet's conv5 alone", "layout",
                    "use the layer conv5 of an AlexNet, or the layout 'auto'");
    const auto wide = [&](std::int64_t channels) { return scaled_channels(channels, width); };
    DeepsimSequence s(b, features, geometry.channels);
    s.conv(wide(512), 1, "conv6");
    s.conv(wide(512), 1, "conv7");
    s.conv(wide(512), 0, "conv8");
    s.transposed(wide(256), 4, "tconv5_0");
    s.transposed(wide(512), 3, "tconv5_1");
    s.transposed(wide(256), 4, "tconv4_0");
    s.transposed(wide(256), 3, "tconv4_1");
    s.transposed(wide(128), 4, "tconv3_0");
    s.transposed(wide(128), 3, "tconv3_1");
    s.transposed(wide(64), 4, "tconv2");
    s.transposed(wide(32), 4, "tconv1");
    return s.image();
}

} // namespace mirra::graph

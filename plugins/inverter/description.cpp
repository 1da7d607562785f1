// What the task "invert" says of itself: ports and parameters.
#include "description.hpp"

#include "mirra/mirra_plugin.hpp"

#include <array>
#include <cstdint>

namespace inverter {
namespace {

using plugin::number, plugin::port, plugin::Range, plugin::text;

const std::array kPorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, kImage, "Image", "The image whose features are inverted."),
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL, kMix, "Second image",
         "An image to interpolate with in feature space, brought to the size of the first; 't' is its "
         "weight."),
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kFeaturesIn, "Features",
         "Features {1, C, h, w} to invert instead of the image's own, edited or from elsewhere; 't' is their "
         "weight. Of the image only the size counts then, unless 't' is below 1."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Picture", "The picture made from the features."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kFeaturesOut, "Inverted features",
         "The features {1, C, h, w} that the picture was made from."),
};

/// Of the method "optimize".
mirra_param_info descent(std::int32_t type, const char *name, const char *label, const char *doc,
                         const Range &range) noexcept {
    return plugin::advanced(number(type, name, label, doc, range), "Optimization");
}

const std::array kMethods{kGenerator, kOptimize};
const std::array kMethodLabels{"Generator network", "Optimization over pixels"};

mirra_param_info method() noexcept {
    return plugin::choice(
        "method", "Method",
        "'generator' runs the network that was trained to invert the layer, in tiles. 'optimize' "
        "descends over the pixels until their features are those wanted; slow, and the image must "
        "fit into memory as a whole.",
        kMethods, kMethodLabels, kGenerator);
}

constexpr double kMostSteps = 1000000;

const std::array kParameters{
    text("layer", "Layer", "Layer whose features are inverted; 'auto' is the bundle's own choice.", kAuto),
    method(),
    number(
        MIRRA_TYPE_FLOAT, "t", "Weight",
        "Weight of the second image's or the given features against the image's own: 0 is the image, 1 the "
        "other. Without a second image or features it does nothing.",
        {0, 1, 1, 1}),
    text("channels", "Channels",
         "Factors for channels of the features, as CHANNEL:FACTOR with commas between, such as '3:0,17:2': 0 "
         "takes a channel away, above 1 amplifies it.",
         ""),
    descent(MIRRA_TYPE_INT, "iterations", "Iterations", "The most steps that 'optimize' takes.",
            {1, kMostSteps, 2000, 200}),
    descent(MIRRA_TYPE_FLOAT, "rate", "Step size", "Learning rate of Adam, in units of the pixel range.",
            {1e-5, 1, 0.2, 0.05}),
    descent(MIRRA_TYPE_INT, "patience", "Patience",
            "'optimize' stops after so many steps in which the loss did not fall by the tolerance.",
            {1, kMostSteps, 100, 20}),
    descent(MIRRA_TYPE_FLOAT, "tolerance", "Tolerance", "Relative fall of the loss that counts as progress.",
            {0, 1, 0.1, 0.001}),
    descent(MIRRA_TYPE_INT, "seed", "Seed", "Seed of the noise that 'optimize' starts from.",
            {0, 4294967295.0, 1000, 0}),
};

} // namespace

mirra_task describe_task() noexcept {
    mirra_task task = plugin::task(
        "invert", "Invert",
        "Makes a picture from the features that a robust network sees in an image: as they are, edited, "
        "interpolated with those of another image, or from a file.",
        kPorts, kParameters);
    task.default_bundle = "inverter-resnet18-l2-1.5.mirra";
    return task;
}

} // namespace inverter

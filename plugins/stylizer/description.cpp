// What the tasks "stylize" and "style-prepare" say of themselves: ports and parameters.
#include "description.hpp"

#include "mirra/mirra_plugin.hpp"

namespace stylizer {
namespace {

using plugin::number, plugin::parameter, plugin::port, plugin::text;

/// One for each of the styles, which kStyleNames numbers as the host does.
template<class Info> Info for_styles(Info info) noexcept {
    return plugin::in_series(info, kStyleNames[0].style, kStyleNames.size());
}

constexpr const char *kBundle = "stylizer.mirra";

const std::array kPorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, kImage, "Image", "The picture that gets a style."),
    for_styles(port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL, kStyleNames[0].style, "Style",
                    "A picture of any size whose style is taken.")),
    for_styles(port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL, kStyleNames[0].mask, "Mask",
                    "Where the style of the same number applies: there where it is white. Brought to the "
                    "size of the image.")),
    for_styles(port(MIRRA_PORT_INPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kStyleNames[0].statistics,
                    "Prepared style",
                    "A prepared style {N}, made by the task 'style-prepare' with the same bundle, instead of "
                    "the style picture of the same number.")),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_COLORED, "output", "Picture",
         "The image in the style, in its colours also where the image is gray."),
};

const std::array kPreparePorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, kImage, "Style", "The picture whose style is prepared."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, 0, kStatistics, "Prepared style",
         "The statistics {N} of the style's features, for the task 'stylize' with the same bundle."),
};

mirra_param_info weight() noexcept {
    constexpr double kMost = 1e6;
    return for_styles(number(MIRRA_TYPE_FLOAT, kStyleNames[0].weight, "Weight",
                             "Share of the style of the same number against the others; 0 leaves it out.",
                             {0, kMost, 4, 1}));
}

mirra_param_info style_scale() noexcept {
    mirra_param_info info =
        number(MIRRA_TYPE_FLOAT, "style_scale", "Style scale",
               "Factor on the size of the style pictures, which makes their strokes and patterns larger or "
               "smaller. A prepared style has it built in.",
               {0.1, 8, 4, 1});
    info.step = 0.1;
    return info;
}

mirra_param_info margin() noexcept {
    constexpr double kMost = 512, kStandard = 64;
    return plugin::advanced(
        number(
            MIRRA_TYPE_INT, "margin", "Margin",
            "Pixels by which the image is continued on every side, mirrored, while it is worked on: networks "
            "paint a frame where a picture ends.",
            {0, kMost, kMost, kStandard}),
        "Borders");
}

mirra_param_info epsilon() noexcept {
    return plugin::advanced(
        number(MIRRA_TYPE_FLOAT, "epsilon", "Epsilon",
               "Added to the variances of features before they are compared, as a share of their mean: small "
               "values bring more of the style, and more grain in even areas. 0 adds 1, as the published "
               "method.",
               {0, 10, 1, 0}),
        "Transform");
}

mirra_param_info preserve_color() noexcept {
    return parameter(MIRRA_TYPE_BOOL, "preserve_color", "Preserve colour",
                     "Takes the luminance alone from the style; the colours stay those of the image.");
}

const std::array kParameters{
    number(MIRRA_TYPE_FLOAT, "strength", "Strength",
           "How much of the style: 0 gives the image as it is, 1 the full style. Multiplies the strengths of "
           "the levels.",
           {0, 1, 1, 1}),
    text(
        "levels", "Levels",
        "The layers on which the style is put, in that order, with commas between; each may have a strength, "
        "a detail and edges of its own behind colons, such as 'conv4_1:0.8:0.5:1,conv2_1'. 'auto' is the "
        "bundle's own list.",
        kAuto),
    number(
        MIRRA_TYPE_FLOAT, "detail", "Detail",
        "Brings back what the networks lose of the picture at each level: 0 is the plain method, 1 as much "
        "as the bundle's levels name. Multiplies the details of the levels.",
        {0, 1, 1, 1}),
    number(MIRRA_TYPE_FLOAT, "edges", "Edges",
           "Holds the picture of a coarse level to the edges of the image before finer levels paint on it: "
           "without it halos surround what stands before even areas. 0 leaves it out, 1 does as much as the "
           "bundle's levels name. Multiplies the edges of the levels.",
           {0, 1, 1, 1}),
    preserve_color(),
    style_scale(),
    epsilon(),
    margin(),
    weight(),
};

const std::array kPrepareParameters{
    text("levels", "Levels",
         "The layers whose statistics are taken, with commas between. 'auto' is the bundle's own list.",
         kAuto),
    style_scale(),
};

} // namespace

mirra_task describe_stylize() noexcept {
    mirra_task task = plugin::task("stylize", "Stylize",
                                   "Gives a picture the style of one or several others: the statistics of "
                                   "its features become those of theirs, layer by layer.",
                                   kPorts, kParameters);
    task.default_bundle = kBundle;
    return task;
}

mirra_task describe_prepare() noexcept {
    mirra_task task = plugin::task("style-prepare", "Prepare a style",
                                   "Takes the statistics of a style picture once, so that any number of "
                                   "pictures can be stylized by them, with the same bundle.",
                                   kPreparePorts, kPrepareParameters);
    task.default_bundle = kBundle;
    return task;
}

} // namespace stylizer

// upscale.cpp - a plugin in C++: the task "upscale", which makes pictures larger by a network. README.md says
// how it is built.
//
// The network is the graph `upscaler` of the bundle: `image` {N, 3, H, W}, 0 ... 1, in, and `image` {N, 3, k
// H, k W} out. k is whatever the graph gives. The host cuts tiles that overlap by what the graph looks at.
#include <mirra/mirra_plugin.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

namespace plugin = mirra::plugin;

const std::string kGraph = "upscaler", kPort = "image";
constexpr std::int64_t kMostScale = 64; // that a setup may state
constexpr int kViews = 8;               // of a picture: mirrored or not in x and y, transposed or not

/// How much larger the graph makes pictures. @throws Failed mismatch
std::int64_t scale_of(const plugin::Host &host) {
    const auto refuse = [&](const std::string &what) {
        host.fail(MIRRA_E_MISMATCH, "the bundle's graph '" + kGraph + "' " + what, "bundle",
                  "Use a bundle whose graph 'upscaler' makes an 'image' of three channels a whole number of "
                  "times larger.");
    };
    if (host.channels(kGraph, kPort.c_str()) != 3)
        refuse("is not there, or takes no 'image' of three channels");
    constexpr std::int64_t kExtent = 1024; // larger than the least extents of networks
    const std::int64_t alignment = host.alignment(kGraph), extent = (kExtent / alignment + 1) * alignment;
    const plugin::Shape shape = host.output_shape(kGraph, kPort, extent, extent);
    const std::int64_t scale = shape[2] / extent;
    if (scale < 1 || scale > kMostScale || shape != plugin::Shape{1, 3, scale * extent, scale * extent})
        refuse("makes " + plugin::to_text(shape) + " of " +
               plugin::to_text(plugin::Shape{1, 3, extent, extent}));
    return scale;
}

/// Calls each(place in the picture, place in the view) for every value of {channels, height, width}.
template<class Each>
void for_view(int view, std::int64_t channels, std::int64_t height, std::int64_t width, const Each &each) {
    const bool mirror_x = (view & 1) != 0, mirror_y = (view & 2) != 0, transpose = (view & 4) != 0;
    for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x) {
                const std::int64_t to_x = mirror_x ? width - 1 - x : x, to_y = mirror_y ? height - 1 - y : y;
                const std::int64_t to = transpose ? to_x * height + to_y : to_y * width + to_x;
                const std::int64_t plane = c * height * width;
                each(static_cast<std::size_t>(plane + y * width + x), static_cast<std::size_t>(plane + to));
            }
}

plugin::Shape seen(int view, const plugin::Shape &shape) {
    return (view & 4) != 0 ? plugin::Shape{shape[0], shape[1], shape[3], shape[2]} : shape;
}

/// What one session needs.
class Upscale {
  public:
    void configure(const plugin::Host &host, mirra_setup &setup) {
        const std::int64_t scale = scale_of(host);
        ensemble_ = host.boolean("ensemble");
        setup.graph = kGraph.c_str();
        setup.scale_numerator = static_cast<std::uint32_t>(scale);
        setup.scale_denominator = 1;
        if (!ensemble_) return;
        // A mirrored tile needs on the right what the network wants to see on the left.
        setup.halo = static_cast<std::uint32_t>(host.alignment(kGraph));
        // The tile, its view as values and as a tensor; the sum, a result, and the sum as a tensor.
        constexpr std::uint64_t kColor = 3 * sizeof(float);
        setup.extra_bytes_per_pixel = 3 * kColor + 3 * kColor * static_cast<std::uint64_t>(scale * scale);
    }

    plugin::Tensor process(const plugin::Host &host, const mirra_tile &tile,
                           const mirra_tensor *input) const {
        const plugin::Shape wanted{1, 3, tile.output_height, tile.output_width};
        return ensemble_ ? mean_of_views(host, input, wanted) : enlarged(host, input, wanted);
    }

  private:
    static plugin::Tensor enlarged(const plugin::Host &host, plugin::TensorRef input,
                                   const plugin::Shape &wanted) {
        return host.shaped(host.run_graph(kGraph, kPort.c_str(), input, kPort), wanted, kGraph);
    }

    static plugin::Tensor mean_of_views(const plugin::Host &host, plugin::TensorRef input,
                                        const plugin::Shape &wanted) {
        const plugin::Shape shape = host.shape(input);
        const std::vector<float> picture = host.download(input);
        std::vector<float> view(picture.size()), sum(plugin::count_of(wanted));
        for (int number = 0; number < kViews; ++number) {
            for_view(number, shape[1], shape[2], shape[3],
                     [&](std::size_t at, std::size_t to) { view[to] = picture[at]; });
            const plugin::Tensor larger =
                enlarged(host, host.upload(view, seen(number, shape)), seen(number, wanted));
            const std::vector<float> values = host.download(larger);
            for_view(number, wanted[1], wanted[2], wanted[3],
                     [&](std::size_t at, std::size_t to) { sum[at] += values[to] / kViews; });
            host.progress((number + 1.0) / kViews);
        }
        return host.upload(sum, wanted);
    }

    bool ensemble_ = false;
};

const std::array ports{
    plugin::port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image", "Image", "The image to enlarge."),
    plugin::port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Output",
                 "The image, as many times larger as the bundle's network makes it."),
};
const std::array params{
    plugin::boolean(
        "ensemble", "Ensemble",
        "Enlarges eight views of the image, turned and mirrored, and takes their mean: a little closer to "
        "the truth, and eight times slower.",
        false),
};

void bring_tasks(plugin::Registry &tasks) {
    tasks.require({MIRRA_PLUGIN_FUNCTION(graph_output_shape)});
    mirra_task task = plugin::task("upscale", "Upscale",
                                   "Makes an image larger by a network, with details that the pixels "
                                   "around suggest.",
                                   ports, params);
    task.default_bundle = "upscaler.mirra";
    tasks.add<Upscale>(task);
}

} // namespace

MIRRA_PLUGIN("org.example.upscale", "1.0.0", bring_tasks)

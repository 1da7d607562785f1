// Tiled runs on float pictures.
#include "eval/picture_network.hpp"

#include "mirra/architectures.hpp"
#include "mirra/image.hpp"
#include "runtime/torch/module.hpp"

namespace mirra::trainer {
namespace {

image::ImageView view_of(float *values, std::int32_t width, std::int32_t height) {
    return image::interleaved_view(reinterpret_cast<std::byte *>(values), width, height, 3,
                                   image::SampleType::f32);
}

image::Rect narrow(const runtime::Rect &rect) {
    return {static_cast<std::int32_t>(rect.x), static_cast<std::int32_t>(rect.y),
            static_cast<std::int32_t>(rect.width), static_cast<std::int32_t>(rect.height)};
}

} // namespace

PictureNetwork::PictureNetwork(const bundle::Bundle &bundle, const std::string &graph,
                               runtime::Precision precision, const std::string &device)
    : graph_(bundle.graph(graph))
    , precision_(precision)
    , device_(device) {
    const auto weights = [&](const std::string &name) {
        return runtime::Weight{bundle.file().tensors().at(name).shape, bundle.weight(name)};
    };
    executable_ =
        runtime::torch_module().compile(graph_, weights, {.device = device, .precision = precision});
}

runtime::TensorPtr PictureNetwork::input(const graph::Input &port, const FloatPicture &picture,
                                         const runtime::Rect &rect, std::optional<double> noise_level) const {
    auto &module = runtime::torch_module();
    const graph::Shape shape{1, port.channels, rect.height, rect.width};
    if (port.name == "noise_level")
        return module.full(shape, noise_level.value_or(graph::kUnknownNoiseLevel), device_);
    std::vector<float> tile(static_cast<std::size_t>(rect.width * rect.height * 3));
    image::gather(view_of(const_cast<float *>(picture.values.data()), picture.width, picture.height),
                  narrow(rect), tile, 3);
    return module.upload(tile, shape, runtime::Layout::nhwc, device_);
}

FloatPicture PictureNetwork::run(const FloatPicture &picture, std::optional<double> noise_level) const {
    auto &module = runtime::torch_module();
    FloatPicture out{picture.width, picture.height, std::vector<float>(picture.values.size())};
    const auto plan = runtime::plan_tiles(graph_, picture.width, picture.height, {.precision = precision_});
    for (const auto &tile : plan.tiles) {
        std::vector<runtime::TensorPtr> inputs;
        for (const auto &port : graph_.inputs)
            inputs.push_back(input(port, picture, tile.input, noise_level));
        const auto result = executable_->run(inputs).front();
        std::vector<float> values(static_cast<std::size_t>(tile.input.width * tile.input.height * 3));
        module.download(*result, values, runtime::Layout::nhwc);
        const auto input_rect = narrow(tile.input), core = narrow(tile.core);
        image::scatter({values, input_rect.width, input_rect.height, 3}, core.x - input_rect.x,
                       core.y - input_rect.y, view_of(out.values.data(), out.width, out.height), core);
    }
    return out;
}

} // namespace mirra::trainer

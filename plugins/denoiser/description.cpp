// What the task "denoise" says of itself: ports and parameters.
#include "description.hpp"

#include <array>

namespace denoiser {
namespace {

mirra_port_info port(std::int32_t direction, const char *name, const char *label, const char *doc) noexcept {
    mirra_port_info info{};
    info.struct_size = sizeof(mirra_port_info);
    info.direction = direction;
    info.type = MIRRA_TYPE_IMAGE;
    info.name = name;
    info.label = label;
    info.doc = doc;
    return info;
}

const std::array kPorts{port(MIRRA_PORT_INPUT, "image", "Image", "The noisy image."),
                        port(MIRRA_PORT_OUTPUT, "output", "Denoised image", "The image without the noise.")};

const std::array kAutoChoice{kAuto};
const std::array kAutoLabel{"Automatic"};

mirra_param_info number(const char *name, const char *label, const char *doc, double maximum,
                        double step) noexcept {
    mirra_param_info info{};
    info.struct_size = sizeof(mirra_param_info);
    info.type = MIRRA_TYPE_FLOAT;
    info.since = 1;
    info.name = name;
    info.label = label;
    info.doc = doc;
    info.maximum = maximum;
    info.soft_maximum = maximum;
    info.step = step;
    return info;
}

mirra_param_info sigma() noexcept {
    mirra_param_info info =
        number("sigma", "Noise level",
               "Standard deviation of the noise, in units of 1/255. 'auto' lets the network find it "
               "out; the level that was measured in the image is then reported as sigma_estimated.",
               100, 1);
    info.unit = "1/255";
    info.soft_maximum = 75;
    info.default_text = kAuto;
    info.choices = kAutoChoice.data();
    info.choice_labels = kAutoLabel.data();
    info.choice_count = static_cast<std::uint32_t>(kAutoChoice.size());
    return info;
}

mirra_param_info strength() noexcept {
    mirra_param_info info =
        number("strength", "Strength",
               "How much of the denoised image is taken: 1 is all of it, 0 gives the input back.", 1, 0.05);
    info.default_value = 1;
    return info;
}

const std::array kParameters{sigma(), strength()};

} // namespace

mirra_task describe_task() noexcept {
    mirra_task task{};
    task.struct_size = sizeof(mirra_task);
    task.name = "denoise";
    task.label = "Denoise";
    task.doc = "Removes noise from photographs: sensor noise of high sensitivities, and added Gaussian noise "
               "of known or "
               "unknown strength.";
    task.default_bundle = "denoiser.mirra";
    task.ports = kPorts.data();
    task.params = kParameters.data();
    task.port_count = static_cast<std::uint32_t>(kPorts.size());
    task.param_count = static_cast<std::uint32_t>(kParameters.size());
    return task;
}

} // namespace denoiser

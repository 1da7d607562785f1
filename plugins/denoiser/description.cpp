// What the task "denoise" says of itself: ports and parameters.
#include "description.hpp"

#include "../common/schema.hpp"

#include <array>

namespace denoiser {
namespace {

using plugin::port;

const std::array kPorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image", "Image", "The noisy image."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Denoised image", "The image without the noise.")};

const std::array kAutoChoice{kAuto};
const std::array kAutoLabel{"Automatic"};

mirra_param_info number(const char *name, const char *label, const char *doc, const plugin::Range &range,
                        double step) noexcept {
    mirra_param_info info = plugin::number(MIRRA_TYPE_FLOAT, name, label, doc, range);
    info.step = step;
    return info;
}

mirra_param_info sigma() noexcept {
    mirra_param_info info =
        number("sigma", "Noise level",
               "Standard deviation of the noise, in units of 1/255. 'auto' lets the network find it "
               "out; the level that was measured in the image is then reported as sigma_estimated.",
               {0, 100, 75, 0}, 1);
    info.unit = "1/255";
    info.default_text = kAuto;
    info.choices = kAutoChoice.data();
    info.choice_labels = kAutoLabel.data();
    info.choice_count = static_cast<std::uint32_t>(kAutoChoice.size());
    return info;
}

mirra_param_info strength() noexcept {
    return number("strength", "Strength",
                  "How much of the denoised image is taken: 1 is all of it, 0 gives the input back.",
                  {0, 1, 1, 1}, 0.05);
}

const std::array kParameters{sigma(), strength()};

} // namespace

mirra_task describe_task() noexcept {
    mirra_task task = plugin::task(
        "denoise", "Denoise",
        "Removes noise from photographs: sensor noise of high sensitivities, and added Gaussian noise "
        "of known or "
        "unknown strength.",
        kPorts, kParameters);
    task.default_bundle = "denoiser.mirra";
    return task;
}

} // namespace denoiser

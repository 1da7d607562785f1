// What the task "denoise" says of itself: ports and parameters.
#include "description.hpp"

#include "mirra/mirra_plugin.hpp"
#include "settings.hpp"

#include <array>

namespace denoiser {
namespace {

using plugin::port;

const std::array kPorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image", "Image", "The noisy image."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Denoised image", "The image without the noise."),
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL, kNoiseMap, "Noise map",
         "The noise level of every pixel, instead of sigma: its standard deviation on the scale of the "
         "image's samples, 25 of 255 for sigma 25. Brought to the size of the image; of colours the "
         "root mean square counts.")};

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
               {0, kMostSigma, 75, 0}, 1);
    info.unit = "1/255";
    info.default_text = kAuto;
    info.choices = kAutoChoice.data();
    info.choice_labels = kAutoLabel.data();
    info.choice_count = static_cast<std::uint32_t>(kAutoChoice.size());
    return info;
}

mirra_param_info share(const char *name, const char *label, const char *doc, double standard) noexcept {
    return number(name, label, doc, {0, 1, 1, standard}, 0.05);
}

const std::array kTransfers{kAuto, kSrgb, kLinear};
const std::array kTransferLabels{"As the picture says", "sRGB curve", "Linear light"};

mirra_param_info transfer() noexcept {
    return plugin::advanced(
        plugin::choice(
            "transfer", "Transfer",
            "What the samples hold: values on the sRGB curve, which the networks were trained on, or "
            "linear light, which is brought to that curve and back. 'auto' is what the picture says "
            "of itself: of files those are linear whose colour tags say so.",
            kTransfers, kTransferLabels, kAuto),
        "Samples");
}

const std::array kParameters{
    sigma(),
    share("strength", "Strength",
          "How much of the denoised image is taken: 1 is all of it, 0 gives the input back.", 1),
    share("luminance", "Luminance",
          "How much is taken of the denoised brightness, times the strength. 0 leaves grain as it is.", 1),
    share(
        "chrominance", "Chrominance",
        "How much is taken of the denoised colour, times the strength. 0 leaves colour noise as it is. Gray "
        "pictures have none.",
        1),
    share("detail", "Detail",
          "Gives back brightness that was removed where more was removed than the noise explains: 0 gives "
          "nothing back. Pictures below 16 pixels need a stated noise level for it.",
          0),
    transfer(),
};

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

// Reads the parameters and the bundle of the task 'denoise', and refuses what does not go together.
#include "settings.hpp"

#include "description.hpp"

namespace denoiser {
namespace {

constexpr std::int64_t kColors = 3;

std::uint32_t read_transfer(const Host &host) {
    const std::string name = host.text("transfer");
    if (name == kLinear) return MIRRA_SETUP_LINEAR;
    return name == kSrgb ? MIRRA_SETUP_ENCODED : 0;
}

void check_bundle(const Host &host, const Settings &settings) {
    if (host.channels(kGraph, kImage) != kColors)
        host.fail(MIRRA_E_MISMATCH,
                  "the bundle has no graph 'denoiser' with an input 'image' of three channels", "bundle",
                  "Use a bundle that was trained for the task 'denoise'.");
    if (settings.sigma && settings.mapped)
        host.fail(MIRRA_E_INVALID_ARGUMENT, "both a noise level and a map of it are given", kNoiseMap,
                  "Leave sigma at 'auto', or leave the map out.");
    if ((settings.sigma.value_or(0) > 0 || settings.mapped) && !settings.takes_level)
        host.fail(
            MIRRA_E_MISMATCH,
            "the network of this bundle finds the noise level out by itself and cannot be told it",
            settings.mapped ? kNoiseMap : "sigma",
            "Leave sigma at 'auto' and the map out, or use a bundle whose network takes a noise level.");
}

} // namespace

Settings read_settings(const Host &host) {
    Settings settings;
    settings.sigma = host.number("sigma");
    const double strength = host.real("strength");
    settings.shares = {strength * host.real("luminance"), strength * host.real("chrominance")};
    settings.detail = host.real("detail");
    settings.mapped = host.given(kNoiseMap);
    settings.transfer = read_transfer(host);
    settings.takes_level = host.channels(kGraph, kNoiseLevel) == 1;
    settings.fed_by_estimate = host.default_text("auto_noise_level") == "estimated";
    check_bundle(host, settings);
    return settings;
}

} // namespace denoiser

// Which precision a network runs in, and why.
#include "precision.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <locale>
#include <sstream>

namespace mirra::host {

using runtime::Precision;

namespace {

constexpr double kAcceptedLoss = 0.02; // dB

std::string decibels(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic()); // the process may have another one
    text << value << " dB";
    return text.str();
}

bool has(const runtime::DeviceInfo &device, Precision precision) {
    return std::ranges::find(device.precisions, precision) != device.precisions.end();
}

[[noreturn]] void refuse(const runtime::DeviceInfo &device, Precision precision) {
    std::string names;
    for (const Precision each : device.precisions)
        names += (names.empty() ? "" : ", ") + std::string(precision_name(each));
    throw Error(ErrorCode::unsupported,
                "the device '" + device.id + "' (" + device.name + ") has no " +
                    std::string(precision_name(precision)) + " in hardware",
                "precision", "It has: " + names + ".");
}

} // namespace

std::string_view precision_name(Precision precision) noexcept {
    switch (precision) {
    case Precision::automatic:
        return "auto";
    case Precision::fp32:
        return "fp32";
    case Precision::bf16:
        return "bf16";
    case Precision::fp16:
        return "fp16";
    }
    return "unknown";
}

runtime::Bf16Speed bf16_speed_of(const runtime::DeviceInfo &device) {
    if (device.id == runtime::cpu_device().id) return runtime::bf16_speed();
    return {true, "the device has it in hardware"};
}

PrecisionChoice choose_precision(Precision wanted, const runtime::DeviceInfo &device,
                                 const bundle::Manifest *manifest, const runtime::Bf16Speed &bf16) {
    if (wanted != Precision::automatic) {
        if (!has(device, wanted)) refuse(device, wanted);
        return {wanted, "asked for"};
    }
    if (manifest == nullptr) return {Precision::fp32, "the task has no bundle"};
    if (!has(device, Precision::bf16)) return {Precision::fp32, "the device has no bf16 in hardware"};
    if (!bf16.pays) return {Precision::fp32, std::string(bf16.reason)};
    const auto loss = manifest->precision_loss.find("bf16");
    if (loss == manifest->precision_loss.end())
        return {Precision::fp32, "the bundle's loss in bf16 was not measured"};
    const std::string measured = "the bundle loses " + decibels(loss->second) + " in bf16";
    if (!(loss->second < kAcceptedLoss)) {
        return {Precision::fp32, measured + ", " + decibels(kAcceptedLoss) + " or more"};
    }
    return {Precision::bf16, std::string(bf16.reason) + " and " + measured};
}

} // namespace mirra::host

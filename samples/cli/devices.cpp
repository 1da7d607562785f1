// Reads the devices of an engine.
#include "devices.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace mirra::cli {

std::size_t device_count(const Engine &engine, const std::string &device) {
    constexpr std::string_view kAll = "cuda:all";
    if (device != kAll) return 1 + static_cast<std::size_t>(std::ranges::count(device, ','));
    const auto devices = in_phase(Phase::setup, [&] { return engine.devices(); });
    return static_cast<std::size_t>(std::ranges::count_if(devices, [&](const mirra_device_info &info) {
        const std::string_view id = info.id;
        return info.usable != 0 && id.starts_with("cuda:") && id != kAll;
    }));
}

Json devices_json(const Engine &engine) {
    Json devices = Json::array();
    for (const mirra_device_info &info : in_phase(Phase::setup, [&] { return engine.devices(); })) {
        Json precisions = Json::array();
        for (const std::int32_t value : {MIRRA_PRECISION_FP32, MIRRA_PRECISION_BF16, MIRRA_PRECISION_FP16})
            if ((info.precisions & (1U << static_cast<unsigned>(value))) != 0)
                precisions.push_back(mirra_precision_name(value));
        devices.push_back({{"id", info.id},
                           {"name", info.name},
                           {"usable", info.usable != 0},
                           {"reason", info.reason},
                           {"memory_bytes", info.memory_bytes},
                           {"precisions", precisions}});
    }
    return devices;
}

std::string device_line(const Json &device) {
    std::string line = device["id"].get<std::string>() + "  " + device["name"].get<std::string>();
    if (!device["usable"].get<bool>())
        return line + "  cannot be used: " + device["reason"].get<std::string>();
    if (const auto bytes = device["memory_bytes"].get<double>(); bytes > 0) line += "  " + byte_text(bytes);
    for (const auto &precision : device["precisions"]) line += "  " + precision.get<std::string>();
    return line;
}

} // namespace mirra::cli

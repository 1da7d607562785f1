// Reads the devices of an engine.
#include "devices.hpp"

#include <nlohmann/json.hpp>

namespace mirra::cli {

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

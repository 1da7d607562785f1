// Reads results.
#include "results.hpp"

#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

Json to_json(const mirra_value &value) {
    switch (value.type) {
    case MIRRA_TYPE_BOOL:
        return value.integer != 0;
    case MIRRA_TYPE_INT:
        return value.integer;
    case MIRRA_TYPE_FLOAT:
        return value.real;
    default:
        return value.text != nullptr ? Json(value.text) : Json(nullptr);
    }
}

} // namespace

std::vector<std::pair<std::string, Json>> values_of(const Result &result) {
    return in_phase(Phase::setup, [&] {
        std::vector<std::pair<std::string, Json>> values;
        for (const auto &[name, value] : result.values()) values.emplace_back(name, to_json(value.get()));
        return values;
    });
}

std::string value_text(const Json &value) {
    if (value.is_string()) return value.get<std::string>();
    return value.is_number_float() ? fixed(value.get<double>(), 4) : value.dump();
}

Json run_json(const mirra_result_info &info) {
    return {{"device", info.device},
            {"precision", mirra_precision_name(info.precision)},
            {"precision_reason", info.precision_reason},
            {"seconds", info.seconds},
            {"tiles", info.tile_count},
            {"peak_bytes", info.peak_bytes},
            {"base_bytes", info.base_bytes},
            {"multiply_accumulates", info.multiply_accumulates}};
}

Json shapes_json(const Tensors &tensors) {
    // Appended, since a look-up of each name among those before it would take quadratic time.
    std::vector<std::pair<const std::string, Json>> shapes;
    for (const std::string &name : tensors.names()) {
        const Tensor tensor = in_phase(Phase::setup, [&] { return tensors.at(name); });
        shapes.emplace_back(name, std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end()));
    }
    Json out = Json::object();
    static_cast<decltype(shapes) &>(out.get_ref<Json::object_t &>()) = std::move(shapes);
    return out;
}

} // namespace mirra::cli

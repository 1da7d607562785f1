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
    const auto info = get<mirra_result_info>(Phase::setup, [&](mirra_result_info *out, mirra_error **e) {
        return mirra_result_get_info(result.get(), out, e);
    });
    std::vector<std::pair<std::string, Json>> values;
    for (std::uint32_t i = 0; i < info.value_count; ++i) {
        const char *name = nullptr;
        const auto value = get<mirra_value>(Phase::setup, [&](mirra_value *out, mirra_error **e) {
            return mirra_result_value(result.get(), i, &name, out, e);
        });
        values.emplace_back(name, to_json(value));
    }
    return values;
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
            {"base_bytes", info.base_bytes}};
}

Json shapes_json(const Tensors &tensors) {
    // Appended, since a look-up of each name among those before it would take quadratic time.
    std::vector<std::pair<const std::string, Json>> shapes;
    for (std::uint32_t i = 0; i < mirra_tensors_count(tensors.get()); ++i) {
        const char *name = mirra_tensors_name(tensors.get(), i);
        const auto tensor = make<Tensor>(Phase::setup, [&](DLManagedTensorVersioned **out, mirra_error **e) {
            return mirra_tensors_get_versioned(tensors.get(), name, out, e);
        });
        const DLTensor &view = tensor->dl_tensor;
        shapes.emplace_back(name, std::vector<std::int64_t>(view.shape, view.shape + view.ndim));
    }
    Json out = Json::object();
    static_cast<decltype(shapes) &>(out.get_ref<Json::object_t &>()) = std::move(shapes);
    return out;
}

} // namespace mirra::cli

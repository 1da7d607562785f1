// Provenance as JSON.
#include "core/provenance.hpp"

#include "core/utc.hpp"
#include "mirra/file.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
std::string data_name(const std::string &source) {
    const auto colon = source.find(':');
    if (colon != std::string::npos) return source.substr(0, colon);
    auto path = std::filesystem::path(source).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    const auto parent = path.parent_path().filename();
    return parent.empty() ? path.filename().string() : (parent / path.filename()).string();
}

std::string to_json(const Provenance &provenance) {
    constexpr std::size_t kDateLength = 10;
    auto data = nlohmann::ordered_json::array();
    for (const auto &source : provenance.data) data.push_back(data_name(source));
    return nlohmann::ordered_json{
        {"data", data},
        {"pictures", provenance.pictures},
        {"recipe", std::filesystem::path(provenance.recipe->name()).filename().string()},
        {"recipe_text", provenance.recipe->source()},
        {"seed", provenance.seed},
        {"steps", provenance.steps},
        {"batch", provenance.batch},
        {"extent", provenance.extent},
        {"device", provenance.device},
        {"processes", provenance.processes},
        {"date", utc_now().substr(0, kDateLength)},
        {"trainer", MIRRA_TRAINER_VERSION}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void check_output(const std::filesystem::path &output) {
    check_writable(output);
}

} // namespace mirra::trainer

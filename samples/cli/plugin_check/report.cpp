// Findings as text and as JSON.
#include "report.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace mirra::cli::conformance {
namespace {

/// In JSON, by outcome.
constexpr std::array kWords{"ok", "not_checked", "warning", "failed"};

} // namespace

const char *result_text(Outcome result) {
    constexpr std::array kTexts{"ok", "not checked", "warning", "FAILED"};
    return kTexts.at(static_cast<std::size_t>(result));
}

Outcome Findings::result() const {
    Outcome gravest = Outcome::ok;
    for (const Finding &finding : all_) gravest = std::max(gravest, finding.result);
    return gravest;
}

Json Findings::json() const {
    const auto word = [&](Outcome result) { return kWords.at(static_cast<std::size_t>(result)); };
    Json out{{"result", word(result())}, {"findings", Json::array()}};
    for (const Finding &finding : all_)
        out["findings"].push_back(
            {{"result", word(finding.result)}, {"where", finding.where}, {"what", finding.what}});
    return out;
}

std::string Findings::text() const {
    return json().dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool Findings::add_json(const std::string &text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return false;
    for (const Json &each : json["findings"]) {
        const auto word = std::ranges::find(kWords, each["result"].get<std::string>());
        add(static_cast<Outcome>(word - kWords.begin()), each["where"], each["what"]);
    }
    return true;
}

} // namespace mirra::cli::conformance

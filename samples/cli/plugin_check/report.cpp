// Findings as text and as JSON.
#include "report.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace mirra::cli::conformance {

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
    constexpr std::array kWords{"ok", "not_checked", "warning", "failed"};
    const auto word = [&](Outcome result) { return kWords.at(static_cast<std::size_t>(result)); };
    Json out{{"result", word(result())}, {"findings", Json::array()}};
    for (const Finding &finding : all_)
        out["findings"].push_back(
            {{"result", word(finding.result)}, {"where", finding.where}, {"what", finding.what}});
    return out;
}

} // namespace mirra::cli::conformance

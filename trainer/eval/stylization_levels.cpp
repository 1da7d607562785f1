// Sorting levels by the depth of their taps.
#include "eval/stylization_levels.hpp"

#include "core/joined.hpp"
#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace mirra::trainer {
namespace {

std::vector<std::string> split(const std::string &list) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, ',');)
        if (!part.empty()) out.push_back(part);
    return out;
}

std::string join(const std::vector<std::string> &levels) {
    std::string out;
    for (const auto &level : levels) out += (out.empty() ? "" : ",") + level;
    return out;
}

/// Place among the taps, without the level's strength.
std::ptrdiff_t depth(const StylizerLevels &stylizer, const std::string &level) {
    const auto name = level.substr(0, level.find(':'));
    const auto found = std::ranges::find(stylizer.taps, name);
    if (found == stylizer.taps.end())
        throw Error(ErrorCode::invalid_argument, "the encoder has no level '" + name + "'", "--levels",
                    "its levels are: " + joined(stylizer.taps));
    return found - stylizer.taps.begin();
}

std::string in_order(const StylizerLevels &stylizer, std::vector<std::string> levels,
                     const std::string &order) {
    const auto by_depth = [&](const std::string &level) { return depth(stylizer, level); };
    if (order == "coarse-to-fine")
        std::ranges::stable_sort(levels, std::ranges::greater{}, by_depth);
    else if (order == "fine-to-coarse")
        std::ranges::stable_sort(levels, {}, by_depth);
    else
        throw Error(ErrorCode::invalid_argument, "unknown order '" + order.substr(0, 40) + "'", "--orders",
                    "one of: coarse-to-fine, fine-to-coarse");
    return join(levels);
}

} // namespace

StylizerLevels stylizer_levels(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &manifest = bundle.manifest();
    if (manifest.task != "stylize")
        throw Error(ErrorCode::mismatch, "this is no bundle of the task 'stylize'", path.string(),
                    "give one that mirra-train stylizer has made");
    StylizerLevels out;
    const auto defaults = nlohmann::json::parse(manifest.defaults, nullptr, false);
    const auto found = defaults.is_object() ? defaults.find("levels") : defaults.end();
    if (found == defaults.end() || !found->is_string() || found->get<std::string>().empty())
        throw Error(ErrorCode::corrupt, "the manifest does not say the default of 'levels'", path.string(),
                    "train the bundle anew");
    out.own = found->get<std::string>();
    for (const auto &output : bundle.graph("encoder").outputs) out.taps.push_back(output.name);
    return out;
}

std::vector<std::string> ordered_levels(const StylizerLevels &stylizer, const std::vector<std::string> &lists,
                                        const std::vector<std::string> &orders) {
    std::vector<std::string> out;
    const auto add = [&](const std::string &levels) {
        if (std::ranges::find(out, levels) == out.end()) out.push_back(levels);
    };
    for (const auto &list : lists.empty() ? std::vector<std::string>{"auto"} : lists) {
        const auto levels = split(list == "auto" ? stylizer.own : list);
        if (levels.empty())
            throw Error(ErrorCode::invalid_argument, "the list of levels is empty", "--levels",
                        "its levels are: " + joined(stylizer.taps));
        for (const auto &level : levels) static_cast<void>(depth(stylizer, level));
        if (orders.empty()) add(join(levels));
        for (const auto &order : orders) add(in_order(stylizer, levels, order));
    }
    return out;
}

} // namespace mirra::trainer

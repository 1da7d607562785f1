// Sorting levels by the depth of their taps.
#include "eval/stylization_levels.hpp"

#include "core/joined.hpp"
#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

namespace mirra::trainer {
namespace {

std::vector<std::string> split(const std::string &list, char separator) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, separator);) out.push_back(part);
    return out;
}

std::vector<std::string> split_levels(const std::string &list) {
    auto out = split(list, ',');
    std::erase(out, "");
    return out;
}

std::string join(const std::vector<std::string> &levels) {
    std::string out;
    for (const auto &level : levels) out += (out.empty() ? "" : ",") + level;
    return out;
}

/// A level as it is written: name, strength, detail.
std::vector<std::string> parts_of(const std::string &level) {
    return split(level, ':');
}

/// Of the strength or the detail; whether it is a number is the plugin's to check.
double share(const std::vector<std::string> &parts, std::size_t index, double fallback) {
    return index < parts.size() ? std::strtod(parts[index].c_str(), nullptr) : fallback;
}

/// Place among the taps.
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
        const auto levels = split_levels(list == "auto" ? stylizer.own : list);
        if (levels.empty())
            throw Error(ErrorCode::invalid_argument, "the list of levels is empty", "--levels",
                        "its levels are: " + joined(stylizer.taps));
        for (const auto &level : levels) static_cast<void>(depth(stylizer, level));
        if (orders.empty()) add(join(levels));
        for (const auto &order : orders) add(in_order(stylizer, levels, order));
    }
    return out;
}

std::string plain_levels(const StylizerLevels &stylizer, const std::string &levels) {
    std::map<std::string, double> details; // of the stylizer's own list
    for (const auto &level : split_levels(stylizer.own)) {
        const auto parts = parts_of(level);
        details[parts.front()] = share(parts, 2, 0);
    }
    std::vector<std::string> names;
    for (const auto &level : split_levels(levels)) {
        const auto parts = parts_of(level);
        if (share(parts, 1, 1) != 1 || share(parts, 2, details[parts.front()]) != 0) return {};
        names.push_back(parts.front());
    }
    return join(names);
}

} // namespace mirra::trainer

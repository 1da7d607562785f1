// The prefixes and constants that wrappers of networks leave in a state dict.
#include "state_dict.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace mirra::trainer::importer {
namespace {

/// The names in robustness, in RobustBench's wrapper and in its networks that normalise themselves.
struct Names {
    std::string_view mean, deviation;
};
constexpr std::array kNames{Names{"new_mean", "new_std"}, Names{"mean", "std"}, Names{"mu", "sigma"}};
constexpr const char *kHint = "say it with --input-transform, or with --mean and --std";

std::string_view last_part(std::string_view key) {
    return key.substr(key.rfind('.') + 1);
}

/// The name of the deviation that goes with a mean; empty for other tensors.
std::string deviation_of(const std::string &mean) {
    for (const auto &names : kNames)
        if (last_part(mean) == names.mean)
            return mean.substr(0, mean.size() - names.mean.size()) + std::string(names.deviation);
    return {};
}

std::array<double, 3> constants(const StateDict &state, const std::string &name) {
    std::array<double, 3> out{};
    const auto found = state.find(name);
    const auto usable = [&](const SourceTensor &tensor) {
        std::int64_t count = 1;
        for (const auto extent : tensor.shape) count = extent == 1 || extent == 3 ? count * extent : 0;
        return tensor.problem.empty() && bundle::is_float(tensor.dtype) && count == 3;
    };
    if (found == state.end() || !usable(found->second))
        throw Error(ErrorCode::mismatch,
                    "the file normalises pixels, but '" + name + "' is not three numbers", name, kHint);
    std::ranges::copy(found->second.read(), out.begin());
    return out;
}

/// As short as reads back the same.
std::string text(const std::array<double, 3> &values) {
    std::string out;
    for (const double value : values) {
        std::array<char, 32> digits{};
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<float>(value));
        out += (out.empty() ? "" : ",") + std::string(digits.data(), end.ptr);
    }
    return out;
}

bool same(const std::array<double, 3> &a, const std::array<double, 3> &b) {
    constexpr double kTolerance = 1e-6; // files hold fp32
    return std::ranges::equal(a, b, [](double x, double y) { return std::abs(x - y) <= kTolerance; });
}

} // namespace

bool strip(std::string &key, std::string_view prefix) {
    if (!key.starts_with(prefix)) return false;
    key.erase(0, prefix.size());
    return true;
}

void strip_wrappers(std::string &key) {
    while (strip(key, "module.") || strip(key, "model.") || strip(key, "_orig_mod.")) {
    }
}

bool is_bookkeeping(const std::string &key) {
    const auto has = [&](std::string_view part) {
        return key.starts_with(part) || key.find("." + std::string(part)) != std::string::npos;
    };
    return has("normalizer.") || has("normalize.") || has("attacker.") ||
           key.ends_with("num_batches_tracked");
}

bool is_normalisation(std::string_view key) {
    const auto part = last_part(key);
    return std::ranges::any_of(
        kNames, [&](const Names &names) { return part == names.mean || part == names.deviation; });
}

std::optional<graph::Normalisation> find_normalisation(std::span<const StateDict> files) {
    std::optional<graph::Normalisation> found;
    for (const StateDict &state : files)
        for (const auto &[name, tensor] : state) {
            const auto deviation = deviation_of(name);
            if (deviation.empty()) continue;
            const graph::Normalisation here{constants(state, name), constants(state, deviation)};
            if (found && *found != here)
                throw Error(ErrorCode::mismatch, "the files normalise pixels in two different ways", name,
                            kHint);
            found = here;
        }
    return found;
}

graph::InputTransform transform_of(const graph::Normalisation &constants) {
    for (const auto transform : graph::input_transforms()) {
        const auto known = graph::normalisation_of(transform);
        if (same(known.mean, constants.mean) && same(known.deviation, constants.deviation)) return transform;
    }
    const auto mean = text(constants.mean), deviation = text(constants.deviation);
    throw Error(ErrorCode::mismatch,
                "the checkpoint normalises pixels by mean " + mean + " and deviation " + deviation +
                    ", which no input transform does",
                "input_transform",
                "give --mean " + mean + " --std " + deviation + " to do the same, or an --input-transform");
}

} // namespace mirra::trainer::importer

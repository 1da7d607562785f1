// Comparing what was trained on with what is evaluated.
#include "eval/anomaly_origin.hpp"

#include "core/joined.hpp"
#include "core/provenance.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace mirra::trainer {
namespace {

/// "catsdogs" of "catsdogs/train" and of "data/catsdogs".
std::string set_name(const std::string &recorded) {
    const std::filesystem::path path(recorded);
    const auto last = path.filename().string();
    constexpr std::array<std::string_view, 3> kSplits{"train", "val", "test"};
    const bool split = std::ranges::find(kSplits, last) != kSplits.end();
    return split && path.has_parent_path() ? path.parent_path().filename().string() : last;
}

std::string training_of(const EncoderOrigin &origin) {
    if (!origin.epsilon) return "training not known";
    if (*origin.epsilon == 0) return "standard training";
    char text[64];
    std::snprintf(text, sizeof text, "adversarial training, %.8s %g", origin.norm.c_str(), *origin.epsilon);
    return text;
}

bool overlap(const std::vector<std::string> &a, const std::vector<std::string> &b) {
    return std::ranges::any_of(a, [&](const auto &each) { return std::ranges::find(b, each) != b.end(); });
}

} // namespace

std::string origin_line(const std::string &name, const EncoderOrigin &origin, const std::string &data,
                        const std::vector<std::string> &classes) {
    if (origin.data.empty())
        return name +
               ": its manifest does not say what it was trained on; labels of the evaluated classes may leak";
    auto line = name + ": " + training_of(origin) + " on " + joined(origin.data);
    if (!origin.classes.empty())
        line += " with the labels of " + std::to_string(origin.classes.size()) + " classes";
    const auto evaluated = set_name(data_name(data));
    const bool same =
        std::ranges::any_of(origin.data, [&](const auto &each) { return set_name(each) == evaluated; });
    if (same) return line + ". THIS IS THE EVALUATED SET: it has seen the labels of the anomalous classes";
    if (overlap(origin.classes, classes))
        return line + ". SOME OF THESE ARE EVALUATED CLASSES: it has seen labels of anomalous pictures";
    return line + "; none of it is evaluated";
}

} // namespace mirra::trainer

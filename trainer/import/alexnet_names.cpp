// The wrappers, heads and leftovers around the layers of an autoencoder.
#include "alexnet_names.hpp"

#include "state_dict.hpp"

#include <cctype>

namespace mirra::trainer::importer {
namespace {

/// The fully connected part of a classifier, which no feature needs.
bool is_classifier_head(std::string_view key) {
    const auto numbered = [](std::string_view rest) {
        return !rest.empty() && std::isdigit(rest.front()) != 0;
    };
    if (key.starts_with(kEncoder)) key.remove_prefix(kEncoder.size());
    if (key.starts_with("last_layer.") || key.starts_with("last_relu.")) return true;
    constexpr std::string_view kHead = "classifier.";
    while (key.starts_with(kHead)) {
        key.remove_prefix(kHead.size());
        if (numbered(key) || key.starts_with("last_layer.")) return true;
    }
    return false;
}

/// The authors' generators carry linear layers that convolutional ones leave empty.
bool is_unused_linear(std::string_view key) {
    if (key.starts_with(kGenerator)) key.remove_prefix(kGenerator.size());
    return key.starts_with("linear1.") || key.starts_with("linear2.") || key.starts_with("linear3.");
}

} // namespace

std::optional<std::string> rename_alexnet(std::string key) {
    strip_wrappers(key);
    if (is_bookkeeping(key) || is_classifier_head(key) || is_unused_linear(key)) return std::nullopt;
    if (strip(key, "classifier.")) return std::string(kEncoder) + key;
    if (key.starts_with("features.")) return std::string(kEncoder) + key;
    if (key.starts_with("gen.")) return std::string(kGenerator) + key;
    return key;
}

} // namespace mirra::trainer::importer

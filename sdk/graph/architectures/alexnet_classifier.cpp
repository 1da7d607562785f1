// AlexNet as a classifier; the names of its linear layers are those of the authors' state dicts.
#include "alexnet.hpp"
#include "classifiers.hpp"

namespace mirra::graph {

ClassifierTrunk append_alexnet(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                               bool head) {
    const auto features = append_alexnet_encoder(b, pixels, AlexNetTap::conv5, options.width);
    ClassifierTrunk trunk{{{"conv1", features.conv1}, {"conv2", features.conv2}, {"conv5", features.conv5}},
                          {}};
    if (!head) return trunk;
    std::vector<std::string> names{"head.classifier.1", "head.classifier.4"};
    names.resize(options.hidden.size());
    names.emplace_back("head.last_layer");
    constexpr std::int64_t kChannels = 256;
    trunk.logits =
        append_linear_head(b, features.conv5, scaled_channels(kChannels, options.width), options, names);
    return trunk;
}

} // namespace mirra::graph

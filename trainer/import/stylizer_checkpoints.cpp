// Tells the levels of a stylizer apart, and makes the graphs of its bundle.
#include "stylizer_checkpoints.hpp"

#include "alexnet_names.hpp"
#include "core/weight_prefix.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace mirra::trainer::importer {
namespace {

using graph::AlexNetTap;

struct Level {
    std::string_view layer;
    AlexNetTap tap;
    std::int64_t channels; ///< of its features, which its generator takes
};
/// In the order of their application.
constexpr std::array kLevels{Level{"conv5", AlexNetTap::conv5, 256}, Level{"conv2", AlexNetTap::conv2, 192},
                             Level{"conv1", AlexNetTap::conv1, 64}};

/// "generator." of conv5: "generator-conv5.".
std::string part_of_level(std::string_view part, std::string_view layer) {
    return std::string(part.substr(0, part.size() - 1)).append("-").append(layer).append(".");
}

bool has(const StateDict &state, std::string_view prefix) {
    const auto next = state.lower_bound(std::string(prefix));
    return next != state.end() && next->first.starts_with(prefix);
}

std::string file_of(const StateDict &state) {
    return state.empty() ? std::string() : state.begin()->second.file;
}

/// Whether they hold different weights; what holds none is complained of where weights are collected.
bool differ(const SourceTensor &a, const SourceTensor &b) {
    const auto usable = [](const SourceTensor &tensor) {
        return tensor.problem.empty() && bundle::is_float(tensor.dtype);
    };
    return usable(a) && usable(b) && (a.shape != b.shape || a.read() != b.read());
}

/// The tensors under the names of the graphs of one level.
StateDict renamed(StateDict file) {
    StateDict out;
    for (auto &[key, tensor] : file) {
        const auto name = rename_alexnet(key);
        if (!name) continue;
        const auto [entry, added] = out.emplace(*name, tensor);
        if (!added && differ(entry->second, tensor))
            throw Error(ErrorCode::mismatch, "'" + *name + "' stands in the file twice with different values",
                        tensor.file, "give the checkpoint as the training wrote it");
    }
    return out;
}

/// The level whose features the generator takes; null: there is no generator.
const Level *level_of(const StateDict &state) {
    if (!has(state, kGenerator)) return nullptr;
    for (const auto *name :
         {"weight", "weight_orig", "parametrizations.weight.original", "parametrizations.weight.original0"}) {
        const auto first = state.find(std::string(kGenerator) + "gen.0." + name);
        if (first == state.end() || first->second.shape.size() != 4) continue;
        const auto found = std::ranges::find(kLevels, first->second.shape[1], &Level::channels);
        if (found != kLevels.end()) return &*found;
    }
    throw Error(ErrorCode::mismatch, "its generator is none of AlexNet's conv1, conv2 or conv5",
                file_of(state), "give the checkpoints of three autoencoders, one a layer");
}

/// Whether the encoders of all files are one, as far as each file has it.
bool share_encoder(const std::vector<StateDict> &files) {
    StateDict known;
    for (const auto &file : files)
        for (const auto &[name, tensor] : file) {
            if (!name.starts_with(kEncoder)) continue;
            const auto [entry, added] = known.emplace(name, tensor);
            if (!added && differ(entry->second, tensor)) return false;
        }
    return true;
}

void set_prefix(StateDict &state, std::string_view from, const std::string &to) {
    StateDict out;
    for (auto &[key, tensor] : state)
        out.emplace(key.starts_with(from) ? to + key.substr(from.size()) : key, std::move(tensor));
    state = std::move(out);
}

/// By file; null: no generator.
std::vector<const Level *> levels_of(const std::vector<StateDict> &files) {
    std::vector<const Level *> out;
    for (const auto &file : files) {
        const auto *level = level_of(file);
        const auto twice = std::ranges::find(out, level);
        if (level != nullptr && twice != out.end())
            throw Error(ErrorCode::mismatch,
                        "two files hold a generator of " + std::string(level->layer) + ": " +
                            file_of(files[static_cast<std::size_t>(twice - out.begin())]) + " and " +
                            file_of(file),
                        file_of(file), "give one for each of conv1, conv2 and conv5");
        out.push_back(level);
    }
    return out;
}

void require_all_levels(const std::vector<StateDict> &files) {
    for (const auto &level : kLevels) {
        const auto prefix = part_of_level(kGenerator, level.layer);
        if (std::ranges::any_of(files, [&](const StateDict &file) { return has(file, prefix); })) continue;
        throw Error(ErrorCode::mismatch, "no file holds the generator of " + std::string(level.layer),
                    std::string(level.layer), "give three checkpoints: of conv1, conv2 and conv5");
    }
}

} // namespace

void name_levels(std::vector<StateDict> &files) {
    for (auto &file : files) file = renamed(std::move(file));
    const auto levels = levels_of(files);
    // An encoder by itself is that of all levels.
    const bool apart = std::ranges::none_of(
        files, [](const StateDict &file) { return has(file, kEncoder) && !has(file, kGenerator); });
    const bool own_encoders = apart && !share_encoder(files);
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (levels[i] == nullptr) continue;
        const auto layer = levels[i]->layer;
        set_prefix(files[i], kGenerator, part_of_level(kGenerator, layer));
        if (own_encoders) set_prefix(files[i], kEncoder, part_of_level(kEncoder, layer));
    }
    require_all_levels(files);
}

std::vector<graph::Graph> stylizer_graphs(const Shapes &shapes, const Pixels &pixels) {
    const auto whole = graph::alexnet_encoder(pixels.transform);
    const auto encoder_of = [&](const Level &level) {
        const auto own = part_of_level(kEncoder, level.layer);
        const auto next = shapes.lower_bound(own);
        return next != shapes.end() && next->first.starts_with(own)
                   ? with_weight_prefix(whole, std::string(kEncoder), own)
                   : whole;
    };
    std::vector<graph::Graph> out{encoder_of(kLevels.front())};
    for (const auto &level : kLevels) {
        const std::string layer(level.layer);
        const auto encoder = encoder_of(level);
        auto part = graph::part_of(encoder, layer, "features");
        part.name = "encoder-" + layer;
        auto generator = with_weight_prefix(graph::alexnet_generator(level.tap), std::string(kGenerator),
                                            part_of_level(kGenerator, layer));
        generator.name = "generator-" + layer;
        auto autoencoder = graph::autoencoder(encoder, layer, generator);
        for (auto *graph : {&part, &generator, &autoencoder}) out.push_back(std::move(*graph));
    }
    return out;
}

} // namespace mirra::trainer::importer

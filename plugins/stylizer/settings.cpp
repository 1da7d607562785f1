// Reads the parameters and the bundle of the task 'stylize', and refuses what does not go together.
#include "settings.hpp"

#include "../common/proposals.hpp"
#include "description.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <string_view>

namespace stylizer {
namespace {

constexpr std::size_t kMostLevels = 16;

bool contains(const std::vector<std::string> &names, const std::string &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// Layers that the bundle has all graphs for.
std::vector<std::string> layers_of(const Host &host) {
    const auto graphs = host.graphs();
    const std::string prefix = "generator-";
    std::vector<std::string> layers;
    for (const std::string &graph : graphs) {
        if (!graph.starts_with(prefix)) continue;
        const std::string layer = graph.substr(prefix.size());
        if (contains(graphs, "encoder-" + layer) && contains(graphs, "autoencoder-" + layer))
            layers.push_back(layer);
    }
    return layers;
}

[[noreturn]] void bad_bundle(const Host &host, const std::string &what) {
    host.fail(MIRRA_E_MISMATCH, "the bundle is not one of the task 'stylize': " + what, "bundle",
              "Use a bundle that was trained by mirra-train stylizer.");
}

[[noreturn]] void bad_levels(const Host &host, const std::string &what) {
    host.fail(MIRRA_E_INVALID_ARGUMENT, what, "levels",
              "Write layers with commas between, each with or without a strength, a detail and edges of 0 to "
              "1, such as conv5:0.8:0.5:1,conv2.");
}

Level make_level(const Host &host, const std::string &layer) {
    Level level;
    level.name = layer;
    level.encoder = "encoder-" + layer;
    level.generator = "generator-" + layer;
    level.autoencoder = "autoencoder-" + layer;
    if (host.channels(level.encoder, kImage) != kColors ||
        host.channels(level.autoencoder, kImage) != kColors)
        bad_bundle(host, "its graphs for the layer '" + layer + "' have no input 'image' of three channels");
    level.grid = common::feature_grid(host, level.encoder, kFeatures);
    if (host.channels(level.generator, kFeatures) != level.grid.channels)
        bad_bundle(host, "its graph '" + level.generator + "' does not take the features of that layer");
    return level;
}

/// All levels, in the order of their names.
std::vector<Level> levels_of(const Host &host) {
    std::vector<Level> levels;
    for (const std::string &layer : layers_of(host)) levels.push_back(make_level(host, layer));
    if (levels.empty()) bad_bundle(host, "it has no generator with its encoder");
    return levels;
}

PixelGrid grid_of(const Host &host, const std::vector<Level> &levels) {
    constexpr std::int64_t kLargestAlignment = 1 << 16; // that a graph alone may have
    PixelGrid grid;
    for (const Level &level : levels) {
        grid.alignment = std::lcm(grid.alignment, host.alignment(level.autoencoder));
        if (grid.alignment > kLargestAlignment)
            bad_bundle(host, "there is no size of pictures up to " + std::to_string(kLargestAlignment) +
                                 " pixels that all of its levels can take");
        // A picture of one pixel comes out as large as the smallest that the graph takes.
        const Shape smallest = host.output_shape(level.autoencoder, kImage, 1, 1);
        grid.least = std::max({grid.least, smallest[2], smallest[3]});
    }
    return grid;
}

/// @param what  strength, detail or edges
double parse_share(const Host &host, std::string_view item, std::string_view text, const char *what) {
    double share = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), share);
    if (status != std::errc() || end != text.data() + text.size() || !(share >= 0 && share <= 1))
        bad_levels(host, "'" + std::string(item) + "' has no " + what + " of 0 to 1");
    return share;
}

Level parse_level(const Host &host, std::string_view item, const std::vector<Level> &known) {
    std::string_view rest = item;
    const auto next = [&] { // up to a colon
        const auto colon = std::min(rest.find(':'), rest.size());
        const auto part = rest.substr(0, colon);
        rest.remove_prefix(std::min(colon + 1, rest.size()));
        return part;
    };
    const std::string name(next());
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const Level &level) { return level.name == name; });
    if (found == known.end())
        host.fail(MIRRA_E_NOT_FOUND, "the bundle has no generator for the layer '" + name + "'", "levels",
                  "Its layers are: " + joined(layers_of(host)) + ".");
    Level level = *found;
    const std::array shares{std::pair("strength", &level.strength), std::pair("detail", &level.detail),
                            std::pair("edges", &level.edges)};
    const auto given = static_cast<std::size_t>(std::count(item.begin(), item.end(), ':'));
    if (given > shares.size()) bad_levels(host, "'" + std::string(item) + "' has more than three numbers");
    for (std::size_t i = 0; i < given; ++i)
        *shares[i].second = parse_share(host, item, next(), shares[i].first);
    return level;
}

std::vector<Level> parse_levels(const Host &host, const std::string &text, const std::vector<Level> &known) {
    std::vector<Level> levels;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        if (comma + 1 == rest.size()) bad_levels(host, "the list of levels ends in a comma");
        levels.push_back(parse_level(host, rest.substr(0, comma), known));
        const auto same = [&](const Level &level) { return level.name == levels.back().name; };
        if (std::count_if(levels.begin(), levels.end(), same) > 1)
            bad_levels(host, "the layer '" + levels.back().name + "' is named twice");
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    if (levels.size() > kMostLevels)
        bad_levels(host, "there are more than " + std::to_string(kMostLevels) + " levels");
    return levels;
}

/// What the parameter says, else the bundle, else all that there are, the coarsest first. A level has the
/// bundle's detail and edges unless the parameter gives it its own.
std::vector<Level> chosen_levels(const Host &host, std::vector<Level> known) {
    const std::string text = host.text("levels");
    auto standard = parse_levels(host, host.default_text("levels"), known);
    const bool automatic = text.empty() || text == kAuto;
    if (automatic && !standard.empty()) return standard;
    for (const Level &level : standard) {
        const auto own = std::find_if(known.begin(), known.end(),
                                      [&](const Level &each) { return each.name == level.name; });
        own->detail = level.detail;
        own->edges = level.edges;
    }
    if (!automatic) return parse_levels(host, text, known);
    const auto cells = [](const Level &level) { // per pixel
        return level.grid.bytes_per_pixel() / static_cast<double>(level.grid.channels);
    };
    std::sort(known.begin(), known.end(), [&](const Level &left, const Level &right) {
        return std::pair(cells(left), left.name) < std::pair(cells(right), right.name);
    });
    return known;
}

} // namespace

std::int64_t Level::stride() const {
    return std::max<std::int64_t>(1, grid.alignment / std::max<std::int64_t>(1, grid.cells_x));
}

std::int64_t PixelGrid::padded(std::int64_t extent) const {
    const auto up = [this](std::int64_t value) { return (value + alignment - 1) / alignment * alignment; };
    return std::max(up(extent), up(least));
}

Settings read_prepare_settings(const Host &host) {
    const auto known = levels_of(host);
    common::propose(host, "levels", kAuto, layers_of(host));
    Settings settings;
    settings.levels = chosen_levels(host, known);
    settings.pixels = grid_of(host, known);
    settings.style_scale = host.real("style_scale");
    return settings;
}

Settings read_settings(const Host &host) {
    Settings settings = read_prepare_settings(host);
    settings.preserve_color = host.integer("preserve_color") != 0;
    settings.margin = host.integer("margin");
    settings.epsilon = host.real("epsilon");
    const double strength = host.real("strength"), detail = host.real("detail"), edges = host.real("edges");
    for (Level &level : settings.levels) {
        level.strength *= strength;
        level.detail *= detail;
        level.edges *= edges;
    }
    std::erase_if(settings.levels, [](const Level &level) { return level.strength == 0; });
    return settings;
}

} // namespace stylizer

// The statistics of a style picture, and what tells encoders apart.
#include "style_encoder.hpp"

#include "description.hpp"
#include "masks.hpp"
#include "mirra/mirra_plugin.hpp"

#include <cmath>
#include <numeric>

namespace stylizer {
namespace {

/// The extent that blocks have where the grid allows it, and what they see beyond their own place.
constexpr std::int64_t kExtent = 768, kOverlap = 128;

std::int64_t round_up(std::int64_t value, std::int64_t step) {
    return (value + step - 1) / step * step;
}

struct Span {
    std::int64_t begin, end;             ///< what is kept
    std::int64_t input_begin, input_end; ///< what is encoded
};

std::vector<Span> cut_axis(std::int64_t extent, const PixelGrid &pixels) {
    const std::int64_t most = largest_block(pixels), overlap = round_up(kOverlap, pixels.alignment);
    if (extent <= most) return {{0, extent, 0, extent}};
    const std::int64_t own = most - 2 * overlap;
    std::vector<Span> spans;
    for (std::int64_t begin = 0; begin < extent; begin += own) {
        const std::int64_t end = std::min(begin + own, extent);
        // A thin last one reaches back as far as the network's least extent asks for.
        const std::int64_t latest = extent - pixels.padded(1);
        spans.push_back({begin, end, std::max<std::int64_t>(0, std::min(begin - overlap, latest)),
                         std::min(extent, end + overlap)});
    }
    return spans;
}

std::int64_t scaled(std::int64_t extent, double factor) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(extent) * factor));
}

mirra_tile tile_of(const Span &x, const Span &y) {
    mirra_tile tile{};
    tile.struct_size = sizeof tile;
    tile.core_x = x.begin;
    tile.core_y = y.begin;
    tile.core_width = x.end - x.begin;
    tile.core_height = y.end - y.begin;
    tile.input_x = x.input_begin;
    tile.input_y = y.input_begin;
    tile.input_width = x.input_end - x.input_begin;
    tile.input_height = y.input_end - y.input_begin;
    return tile;
}

/// The cells that a block has to itself, out of its features.
Block own_cells(const Planes &features, const mirra_rect &core, const mirra_rect &window) {
    const auto own = plugin::make_rect(core.x - window.x, core.y - window.y, core.width, core.height);
    return {features.channels(), 0, core.width * core.height, features.cut(own)};
}

/// What a map of one value a cell says of some of its cells; empty if it is.
std::vector<float> cut_cells(const std::vector<float> &cells, const Shape &map, const mirra_rect &part) {
    std::vector<float> out;
    for (std::int64_t row = part.y; row < part.y + part.height && !cells.empty(); ++row) {
        const auto own = plugin::part_of(cells, row * map[3] + part.x, part.width);
        out.insert(out.end(), own.begin(), own.end());
    }
    return out;
}

constexpr std::int64_t kProbeExtent = 128;

/// Squares of random colours: like pictures, neither flat nor noise.
std::vector<float> probe(std::int64_t extent) {
    constexpr std::int64_t kSquare = 8;
    constexpr std::uint64_t kSeed = 1;
    std::vector<float> values;
    for (std::int64_t row = 0; row < kColors * extent; ++row)
        for (std::int64_t x = 0; x < extent; ++x) {
            const std::int64_t square = row / kSquare * extent + x / kSquare;
            values.push_back(
                static_cast<float>(plugin::unit_random(kSeed, static_cast<std::uint64_t>(square))));
        }
    return values;
}

} // namespace

std::int64_t largest_block(const PixelGrid &pixels) {
    const std::int64_t overlap = round_up(kOverlap, pixels.alignment);
    return std::max(
        {kExtent / pixels.alignment * pixels.alignment, pixels.padded(1), 2 * overlap + pixels.alignment});
}

Statistics encode_style(const Host &host, const Settings &settings, const Level &level, const char *port) {
    const auto [width, height] = host.port_image_size(port);
    const std::int64_t wide = scaled(width, settings.style_scale),
                       high = scaled(height, settings.style_scale);
    const std::int64_t padded_width = settings.pixels.padded(wide),
                       padded_height = settings.pixels.padded(high);
    const common::FeatureMap map(level.grid,
                                 host.output_shape(level.encoder, kFeatures, padded_height, padded_width),
                                 padded_width, padded_height);
    const std::vector<float> visible =
        cell_visibility(host, port, wide, high, level.grid, {padded_width, padded_height}, map.shape());
    Gatherer gatherer(level.grid.channels);
    for (const Span &y : cut_axis(padded_height, settings.pixels))
        for (const Span &x : cut_axis(padded_width, settings.pixels)) {
            const mirra_tile tile = tile_of(x, y);
            const mirra_rect core = map.core(tile);
            if (core.width < 1 || core.height < 1) continue;
            const Tensor pixels = host.port_image_scaled(
                port, wide, high,
                plugin::make_rect(tile.input_x, tile.input_y, tile.input_width, tile.input_height));
            const Planes features(host, host.run_graph(level.encoder, kImage, pixels.get(), kFeatures).get());
            const std::vector<float> weights = cut_cells(visible, map.shape(), core);
            gatherer.add(host,
                         own_cells(features, core, map.window(tile, features.width(), features.height())),
                         weights);
        }
    Statistics statistics = gatherer.result();
    if (statistics.empty())
        host.fail(MIRRA_E_INVALID_ARGUMENT, "nothing of the style picture is visible", port,
                  "Give one that is not transparent all over.");
    return statistics;
}

std::vector<float> fingerprint(const Host &host, const Settings &settings, const Level &level) {
    const std::int64_t extent = settings.pixels.padded(kProbeExtent);
    const Tensor pixels = host.upload(probe(extent), {1, kColors, extent, extent});
    const Planes features(host, host.run_graph(level.encoder, kImage, pixels.get(), kFeatures).get());
    std::vector<float> means;
    for (std::int64_t c = 0; c < features.channels(); ++c) {
        const auto channel = features.channel(c);
        means.push_back(static_cast<float>(std::accumulate(channel.begin(), channel.end(), 0.0) /
                                           static_cast<double>(channel.size())));
    }
    return means;
}

} // namespace stylizer

// The task "style-prepare".
#include "prepare.hpp"

#include "description.hpp"
#include "prepared.hpp"
#include "style_encoder.hpp"

namespace stylizer {

mirra_graph_use block_use(const Settings &settings) {
    const auto deepest =
        std::max_element(settings.levels.begin(), settings.levels.end(),
                         [](const Level &a, const Level &b) { return a.grid.alignment < b.grid.alignment; });
    const std::int64_t extent = largest_block(settings.pixels);
    return {sizeof(mirra_graph_use), 0, deepest->encoder.c_str(), 1, extent, extent};
}

std::uint64_t statistics_bytes(const Settings &settings) {
    // A block as it is downloaded, gathered, uploaded and multiplied; sums are double.
    constexpr std::uint64_t kCopies = 4, kMatrices = 8;
    const std::int64_t extent = largest_block(settings.pixels);
    std::uint64_t kept = 0, most = 0;
    for (const Level &level : settings.levels) {
        const auto matrix =
            static_cast<std::uint64_t>(level.grid.channels * level.grid.channels) * sizeof(float);
        const auto block =
            static_cast<std::uint64_t>(level.grid.bytes_per_pixel() * static_cast<double>(extent * extent));
        kept += 2 * matrix;
        most = std::max(most, kMatrices * matrix + kCopies * block);
    }
    return kept + most;
}

void Preparer::configure(const Host &host, mirra_setup &setup) {
    settings_ = read_prepare_settings(host);
    use_ = block_use(settings_);
    setup.uses = &use_;
    setup.use_count = 1;
    setup.extra_bytes = statistics_bytes(settings_);
}

// The picture is read as large as `style_scale` asks for, not in the tiles of its own size: one of them is
// occasion enough.
Tensor Preparer::process(const Host &host, const mirra_tile &tile, const mirra_tensor *) const {
    if (tile.index != 0) return {};
    std::vector<PreparedLevel> levels;
    for (const Level &level : settings_.levels) {
        host.progress(static_cast<double>(levels.size()) / static_cast<double>(settings_.levels.size()));
        levels.push_back(
            {level.name, fingerprint(host, settings_, level), encode_style(host, settings_, level, kImage)});
    }
    const std::vector<float> values = pack(levels);
    host.set_result(kStatistics, host.upload(values, {static_cast<std::int64_t>(values.size())}));
    return {};
}

} // namespace stylizer

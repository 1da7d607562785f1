// The plugin that brings the tasks "stylize" and "style-prepare".
#include "edges.hpp"
#include "masks.hpp"
#include "mirra/mirra_plugin.hpp"
#include "picture.hpp"
#include "prepare.hpp"

#include <cmath>

namespace stylizer {
namespace {

/// One session's state. Each level takes two passes over the tiles: the first gathers the features of the
/// whole picture; behind it they are transformed, and the second makes a picture of them, which the next
/// level starts from. The second pass of the last level is `process`, unless its picture is held to the edges
/// of the image as a whole: then `process` cuts its tiles out of that.
class Stylizer {
  public:
    void configure(const Host &host, mirra_setup &setup);
    void begin(const Host &host);
    void measure(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels);
    [[nodiscard]] Tensor process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels);
    void end(const Host &host, mirra_outcome outcome);

  private:
    void add_uses(mirra_setup &setup);
    [[nodiscard]] double bytes_of_map() const;
    [[nodiscard]] bool any(double Level::*share) const;
    [[nodiscard]] bool last_is_held() const { return settings_.levels.back().edges > 0; }
    [[nodiscard]] std::int64_t coarsest(std::size_t levels) const;
    [[nodiscard]] std::uint64_t extra_bytes(const Host &host, const mirra_setup &setup) const;
    [[nodiscard]] bool idle() const { return styles_.empty() || settings_.levels.empty(); }
    [[nodiscard]] Tensor cut_out(const Host &host, std::size_t level, const mirra_tile &tile) const;
    void encode(const Host &host, std::size_t level, const mirra_tile &tile, const mirra_tensor *pixels);
    [[nodiscard]] Tensor decode(const Host &host, std::size_t level, const mirra_tile &tile,
                                const mirra_tensor *pixels);
    [[nodiscard]] Tensor picture_of(const Host &host, const Level &level, const mirra_tile &tile,
                                    const Planes &features) const;
    [[nodiscard]] Tensor with_detail(const Host &host, std::size_t level, const mirra_tile &tile,
                                     const mirra_tensor *pixels, const Tensor &styled) const;
    void keep(const Host &host, const mirra_tile &tile, const mirra_tensor *picture, Planes &whole) const;
    void hold(const Host &host, std::size_t levels);

    Settings settings_;
    std::vector<mirra_graph_use> uses_;
    std::vector<Style> styles_;
    common::FeatureMap map_;               ///< of the level at hand
    Planes features_, picture_;            ///< of the whole image
    Planes plain_;                         ///< features before the transform, where detail is wanted
    Planes content_;                       ///< of the whole image, where edges are wanted
    std::size_t encoded_ = 0, styled_ = 0; ///< levels that were begun and that were transformed
    std::size_t held_ = 0;                 ///< levels whose picture was held to edges, or needed not be
};

/// The deepest level governs the tiles: what it sees beyond its own place covers the others.
void Stylizer::add_uses(mirra_setup &setup) {
    uses_.clear();
    const Level *deepest = &settings_.levels.front();
    for (const Level &level : settings_.levels)
        if (level.grid.alignment > deepest->grid.alignment) deepest = &level;
    for (const Level &level : settings_.levels)
        if (&level != deepest)
            uses_.push_back({sizeof(mirra_graph_use), 0, level.autoencoder.c_str(), 0, 0, 0});
    uses_.push_back(block_use(settings_));
    setup.graph = deepest->autoencoder.c_str();
    setup.uses = uses_.data();
    setup.use_count = static_cast<std::uint32_t>(uses_.size());
}

/// Per pixel, of the level that needs most.
double Stylizer::bytes_of_map() const {
    double most = 0;
    for (const Level &level : settings_.levels) most = std::max(most, level.grid.bytes_per_pixel());
    return most;
}

/// Whether a level has a share of what is named.
bool Stylizer::any(double Level::*share) const {
    return std::any_of(settings_.levels.begin(), settings_.levels.end(),
                       [share](const Level &level) { return level.*share > 0; });
}

/// The widest stride of so many levels.
std::int64_t Stylizer::coarsest(std::size_t levels) const {
    std::int64_t widest = 1;
    for (std::size_t i = 0; i < levels; ++i) widest = std::max(widest, settings_.levels[i].stride());
    return widest;
}

std::uint64_t Stylizer::extra_bytes(const Host &host, const mirra_setup &setup) const {
    // Blocks of the transform: values, centred, uploaded, multiplied, moved, clamped, downloaded.
    constexpr std::uint64_t kBlocks = 7;
    std::uint64_t given = 0;
    for (const StyleNames &names : kStyleNames)
        given += host.given(names.style) || host.given(names.statistics) ? 1 : 0;
    const auto padded = [&](std::int64_t extent) {
        return settings_.pixels.padded(extent + 2 * settings_.margin);
    };
    const std::int64_t width = padded(setup.width), height = padded(setup.height);
    const auto pixels = static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height);
    constexpr double kPicture = kColors * sizeof(float);
    double held = (any(&Level::detail) ? 2 : 1) * bytes_of_map();
    if (settings_.levels.size() > 1 || last_is_held()) held += kPicture;
    if (any(&Level::edges)) held += kPicture;
    std::uint64_t filtering = 0;
    for (std::size_t i = 0; i < settings_.levels.size(); ++i)
        if (settings_.levels[i].edges > 0)
            filtering = std::max(filtering, bytes_of_edges(edge_grid(coarsest(i + 1), width, height)));
    return static_cast<std::uint64_t>(std::ceil(held * static_cast<double>(pixels))) + filtering +
           std::max<std::uint64_t>(given, 1) * statistics_bytes(settings_) +
           kBlocks * kBlockValues * sizeof(float);
}

void Stylizer::configure(const Host &host, mirra_setup &setup) {
    settings_ = read_settings(host);
    if (settings_.levels.empty()) return;
    add_uses(setup);
    setup.measure_passes = static_cast<std::uint32_t>(2 * settings_.levels.size() - (last_is_held() ? 0 : 1));
    setup.margin = static_cast<std::uint32_t>(settings_.margin);
    // Features of a tile and a copy of them; pictures: cut out or as made, content, mask, copies of them, and
    // for detail one made of plain features, what it lacks, that scaled, and the sum.
    const double pictures = any(&Level::detail) ? 13 : 8;
    setup.extra_bytes_per_pixel =
        static_cast<std::uint64_t>(std::ceil(2 * bytes_of_map() + pictures * kColors * sizeof(float)));
    if (setup.width > 0) setup.extra_bytes = extra_bytes(host, setup);
}

void Stylizer::begin(const Host &host) {
    features_ = picture_ = plain_ = content_ = {};
    encoded_ = styled_ = held_ = 0;
    styles_ = read_styles(host, settings_);
}

/// What the tile sees of the picture of the level before; nothing at the first level.
Tensor Stylizer::cut_out(const Host &host, std::size_t index, const mirra_tile &tile) const {
    if (index == 0) return {};
    return picture_.cut(host,
                        plugin::make_rect(tile.input_x, tile.input_y, tile.input_width, tile.input_height));
}

void Stylizer::encode(const Host &host, std::size_t index, const mirra_tile &tile,
                      const mirra_tensor *pixels) {
    const Level &level = settings_.levels[index];
    if (encoded_ == index) {
        hold(host, index);
        map_ = common::feature_map(host, level.grid, level.encoder, kFeatures, settings_.margin);
        features_ = Planes(map_.shape());
        ++encoded_;
    }
    const Tensor cut = cut_out(host, index, tile);
    const Tensor made = host.run_graph(level.encoder, kImage, index == 0 ? pixels : cut.get(), kFeatures);
    const Planes features(host, made.get());
    const mirra_rect window = map_.window(tile, features.width(), features.height());
    features_.put(features, window.x, window.y, map_.core(tile));
}

Tensor Stylizer::picture_of(const Host &host, const Level &level, const mirra_tile &tile,
                            const Planes &features) const {
    const Shape own = host.output_shape(level.encoder, kFeatures, tile.input_height, tile.input_width);
    const Tensor window = features.cut(host, map_.window(tile, own[3], own[2]));
    return host.shaped(host.run_graph(level.generator, kFeatures, window.get(), kImage),
                       {1, kColors, tile.input_height, tile.input_width}, level.generator);
}

/// Adds a share of what the plain features leave out of the picture that they come from. Of that picture,
/// what lies outside of the core may be of the next level already; it is not kept.
Tensor Stylizer::with_detail(const Host &host, std::size_t index, const mirra_tile &tile,
                             const mirra_tensor *pixels, const Tensor &styled) const {
    const Level &level = settings_.levels[index];
    const Tensor before = cut_out(host, index, tile), made = picture_of(host, level, tile, plain_);
    const Tensor lost = host.binary(MIRRA_BINARY_SUBTRACT, index == 0 ? pixels : before.get(), made.get());
    const Tensor share = host.scaled(lost.get(), level.detail);
    return host.clamped(host.binary(MIRRA_BINARY_ADD, styled.get(), share.get()).get(), 0, 1);
}

Tensor Stylizer::decode(const Host &host, std::size_t index, const mirra_tile &tile,
                        const mirra_tensor *pixels) {
    const Level &level = settings_.levels[index];
    if (styled_ == index) {
        plain_ = level.detail > 0 ? features_ : Planes();
        const mirra_run_info info = host.run_info();
        const std::vector<float> visible =
            cell_visibility(host, kImage, info.width, info.height, level.grid,
                            {info.padded_width, info.padded_height}, map_.shape(), settings_.margin);
        whiten_and_color(host, features_, at_level(styles_, index), visible,
                         {level.strength, settings_.epsilon});
        ++styled_;
    }
    Tensor styled = picture_of(host, level, tile, features_);
    return level.detail > 0 ? with_detail(host, index, tile, pixels, styled) : std::move(styled);
}

/// Puts a tile into a whole picture; the last tiles with what the image was padded by.
void Stylizer::keep(const Host &host, const mirra_tile &tile, const mirra_tensor *picture,
                    Planes &whole) const {
    const mirra_run_info info = host.run_info();
    if (whole.empty()) whole = Planes(kColors, info.padded_height, info.padded_width);
    const std::int64_t end_x = tile.core_x + tile.core_width, end_y = tile.core_y + tile.core_height;
    const std::int64_t both = 2 * settings_.margin;
    const std::int64_t right = end_x >= info.width + both ? info.padded_width : end_x;
    const std::int64_t bottom = end_y >= info.height + both ? info.padded_height : end_y;
    whole.put({host, picture}, tile.input_x, tile.input_y,
              plugin::make_rect(tile.core_x, tile.core_y, right - tile.core_x, bottom - tile.core_y));
}

/// Once, when so many levels have made their picture: the last of them may want it held to the image's edges.
void Stylizer::hold(const Host &host, std::size_t levels) {
    if (held_ == levels) return;
    held_ = levels;
    const double share = settings_.levels[levels - 1].edges;
    if (share == 0) return;
    const EdgeGrid grid = edge_grid(coarsest(levels), picture_.width(), picture_.height());
    const mirra_run_info info = host.run_info();
    const common::FeatureGrid cells{.channels = 1, .alignment = grid.cell, .cells_x = 1, .cells_y = 1};
    const std::vector<float> visible =
        cell_visibility(host, kImage, info.width, info.height, cells, {info.padded_width, info.padded_height},
                        {1, 1, grid.rows, grid.columns}, settings_.margin);
    hold_to_edges(host, content_, visible, grid, share, picture_);
}

void Stylizer::measure(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) {
    if (idle()) return;
    const std::size_t level = tile.pass / 2;
    if (tile.pass == 0 && any(&Level::edges)) keep(host, tile, pixels, content_);
    if (tile.pass % 2 == 0)
        encode(host, level, tile, pixels);
    else
        keep(host, tile, decode(host, level, tile, pixels).get(), picture_);
}

Tensor Stylizer::process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) {
    if (idle()) return host.scaled(pixels, 1);
    const std::size_t levels = settings_.levels.size();
    if (last_is_held()) hold(host, levels);
    Tensor styled = last_is_held() ? cut_out(host, levels, tile) : decode(host, levels - 1, tile, pixels);
    return finish_picture(host, settings_, styles_, tile, pixels, std::move(styled));
}

void Stylizer::end(const Host &, mirra_outcome) {
    features_ = picture_ = plain_ = content_ = {};
    styles_.clear();
}

void bring_tasks(plugin::Registry &tasks) {
    tasks.require({MIRRA_PLUGIN_FUNCTION(parallel_for)}); // the last that it calls
    tasks.add<Stylizer>(describe_stylize());
    tasks.add<Preparer>(describe_prepare());
}

} // namespace
} // namespace stylizer

MIRRA_PLUGIN("org.mirra.stylizer", MIRRA_VERSION_TEXT, stylizer::bring_tasks)

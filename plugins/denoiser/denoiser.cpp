// The plugin that brings the task "denoise": a network that takes an image, and a map of the noise level if
// it wants one.
#include "blend.hpp"
#include "bound.hpp"
#include "description.hpp"
#include "detail.hpp"
#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <cmath>

namespace denoiser {
namespace {

/// What the network was trained to read as "find it out yourself".
constexpr double kUnknownLevel = -0.25;
constexpr double kUnits = 255;
constexpr double kMostNoise = kMostSigma / kUnits;
constexpr std::uint64_t kPictureBytes = 3 * sizeof(float);
/// Pixels of a tile from which on a second thread is worth its start.
constexpr std::int64_t kWorthThreads = 1 << 16;

/// A tensor's values: where they lie, or a copy of what a GPU has.
class Values {
  public:
    Values(const Host &host, const mirra_tensor *tensor, bool on_processor) {
        if (!on_processor) {
            copy_ = host.download(tensor);
            const Shape shape = host.shape(tensor);
            channels_ = {copy_.data(), shape[2] * shape[3], shape[3], 1};
            return;
        }
        const plugin::Mapped mapped = host.map(tensor);
        channels_ = {mapped.values, mapped.strides[1], mapped.strides[2], mapped.strides[3]};
    }
    [[nodiscard]] const Channels &channels() const noexcept { return channels_; }

  private:
    std::vector<float> copy_;
    Channels channels_{};
};

/// One session's state.
class Denoiser {
  public:
    void configure(const Host &host, mirra_setup &setup);
    void begin(const Host &host);
    [[nodiscard]] Tensor process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) const;

  private:
    [[nodiscard]] bool one_share() const {
        return settings_.detail == 0 && shares_.luminance == shares_.chrominance;
    }
    [[nodiscard]] bool idle() const {
        return settings_.sigma == 0 || (shares_.luminance == 0 && shares_.chrominance == 0) ||
               (is_bounded() && std::ranges::max(explained_) <= 0);
    }
    /// Whether no one states the noise: then no more is taken than what is found in the image explains.
    [[nodiscard]] bool is_bounded() const { return !settings_.sigma && !settings_.mapped; }
    [[nodiscard]] std::uint64_t extra_bytes_per_pixel() const;
    [[nodiscard]] std::vector<float> noise_of(const Host &host, const mirra_tile &tile) const;
    [[nodiscard]] Tensor run_network(const Host &host, const mirra_tensor *pixels,
                                     const std::vector<float> &noise) const;
    [[nodiscard]] Extent extent_of(const mirra_tile &tile) const {
        return {tile.input_height, tile.input_width, std::min(tile.input_height, height_ - tile.input_y),
                std::min(tile.input_width, width_ - tile.input_x)};
    }
    [[nodiscard]] Tensor bounded(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels,
                                 const Tensor &denoised) const;
    [[nodiscard]] Tensor mixed(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels,
                               const Tensor &denoised, const std::vector<float> &noise) const;
    [[nodiscard]] std::vector<float> kept_detail(const mirra_tile &tile, const Channels &before,
                                                 const Channels &after,
                                                 const std::vector<float> &noise) const;
    template<class Body>
    [[nodiscard]] Tensor made(const Host &host, const Shape &shape, std::int64_t count,
                              const Body &body) const;

    Settings settings_;
    Shares shares_;               ///< for the run's image
    double level_ = 0;            ///< what the network is told, where no map tells it
    std::optional<double> noise_; ///< stated or estimated, in units of the pixels; none where a map is given
    Explained explained_{};       ///< of the image, where no one states its noise
    std::int64_t width_ = 0, height_ = 0;
    bool on_processor_ = false; ///< tensors lie in its memory
};

std::uint64_t Denoiser::extra_bytes_per_pixel() const {
    // The level, and of a map the picture and what was read of it.
    const std::uint64_t level_bytes =
        sizeof(float) + (settings_.mapped ? 2 * kPictureBytes + sizeof(float) : 0);
    // What is made once the network's own tensors are gone but for its input and output. Copies of what a GPU
    // has are the process's, and no limit of a GPU's memory is for them.
    const Shares &shares = settings_.shares;
    const bool mixes = shares.luminance != shares.chrominance || settings_.detail > 0;
    if (mixes) // the result; for detail, energies, a copy of them and shares
        return level_bytes + kPictureBytes + (settings_.detail > 0 ? 3 * sizeof(float) : 0);
    if (shares.luminance != 1) return level_bytes + 3 * kPictureBytes; // both weighted, and their sum
    return level_bytes + (is_bounded() ? kPictureBytes : 0);           // the bounded result
}

void Denoiser::configure(const Host &host, mirra_setup &setup) {
    settings_ = read_settings(host);
    setup.graph = kGraph;
    setup.extra_bytes_per_pixel = extra_bytes_per_pixel();
    setup.flags |= settings_.transfer;
    if (is_bounded() || !settings_.sigma) setup.flags |= MIRRA_SETUP_MEASURES_NOISE;
    // Pixels of the cells that tiles share; on the usual grids they share none.
    const bool shares_cells = host.alignment(kGraph) % kBoundCell != 0 || settings_.detail > 0;
    setup.halo = (settings_.detail > 0 ? kDetailReach : 0) +
                 (is_bounded() && shares_cells ? static_cast<std::uint32_t>(kBoundCell - 1) : 0);
}

void Denoiser::begin(const Host &host) {
    const mirra_run_info info = host.run_info();
    on_processor_ = std::string_view(info.device) == "cpu";
    width_ = info.width;
    height_ = info.height;
    shares_ = settings_.shares;
    if (info.color < MIRRA_COLOR_RGB) shares_.chrominance = shares_.luminance;
    if (settings_.mapped) {
        noise_.reset();
        return;
    }
    if (is_bounded()) {
        explained_ = host.explained_noise();
        for (double &variance : explained_) variance /= kUnits * kUnits;
    }
    const auto sigma = settings_.sigma ? settings_.sigma : host.estimate_noise();
    if (!settings_.sigma && sigma) host.set_result("sigma_estimated", *sigma);
    noise_ = sigma ? std::optional(*sigma / kUnits) : std::nullopt;
    // An image too small to measure is no failure: the network needs no estimate.
    const bool told = noise_ && (settings_.sigma || settings_.fed_by_estimate);
    level_ = told ? std::min(*noise_, kMostNoise) : kUnknownLevel;
}

/// Of every pixel of the tile, or one value for all; empty: not known.
std::vector<float> Denoiser::noise_of(const Host &host, const mirra_tile &tile) const {
    if (!settings_.mapped) return noise_ ? std::vector{static_cast<float>(*noise_)} : std::vector<float>();
    const auto rect = plugin::make_rect(tile.input_x, tile.input_y, tile.input_width, tile.input_height);
    const std::vector<float> map = host.download(host.port_image(kNoiseMap, rect).get());
    const std::vector<float> alpha = host.port_alpha(kNoiseMap, width_, height_, rect);
    std::vector<float> noise(map.size() / 3);
    for (std::size_t i = 0; i < noise.size(); ++i) {
        float squares = 0;
        for (std::size_t at = i; at < map.size(); at += noise.size()) {
            const float level = std::max(0.0F, map[at]);
            squares += level * level;
        }
        noise[i] = std::min(std::sqrt(squares / 3), static_cast<float>(kMostNoise));
        if (!alpha.empty()) noise[i] *= alpha[i];
    }
    return noise;
}

Tensor Denoiser::run_network(const Host &host, const mirra_tensor *pixels,
                             const std::vector<float> &noise) const {
    const Shape wanted = host.shape(pixels);
    if (!settings_.takes_level)
        return host.shaped(host.run_graph(kGraph, kImage, pixels, kImage), wanted, kGraph);
    Shape shape = wanted;
    shape[1] = 1;
    const Tensor level = settings_.mapped ? host.upload(noise, shape) : host.full(shape, level_);
    return host.shaped(host.run_graph(kGraph, {{kImage, pixels}, {kNoiseLevel, level.get()}}, kImage), wanted,
                       kGraph);
}

std::vector<float> Denoiser::kept_detail(const mirra_tile &tile, const Channels &before,
                                         const Channels &after, const std::vector<float> &noise) const {
    if (settings_.detail == 0 || noise.empty()) return {};
    std::vector<float> shares = structure_shares(before, after, extent_of(tile), noise);
    for (float &share : shares) share *= static_cast<float>(settings_.detail);
    return shares;
}

/// What `body(index, values)` writes of a tensor for each index below `count`, apart from each other.
template<class Body>
Tensor Denoiser::made(const Host &host, const Shape &shape, std::int64_t count, const Body &body) const {
    const auto all = [&](float *values) {
        if (shape[2] * shape[3] >= kWorthThreads)
            return host.parallel_for(static_cast<std::uint64_t>(count), [&](std::uint64_t index) {
                body(static_cast<std::int64_t>(index), values);
            });
        for (std::int64_t index = 0; index < count; ++index) body(index, values);
    };
    if (on_processor_) {
        plugin::Created created = host.create(plugin::Extents(shape.begin(), shape.end()));
        all(created.values.data());
        return std::move(created.tensor);
    }
    std::vector<float> values(plugin::count_of(shape));
    all(values.data());
    return host.upload(values, shape);
}

Tensor Denoiser::bounded(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels,
                         const Tensor &denoised) const {
    const Values before(host, pixels, on_processor_), after(host, denoised.get(), on_processor_);
    const Change change{before.channels(), after.channels(), extent_of(tile), tile.input_x, tile.input_y};
    return made(host, host.shape(pixels), bands_of(change),
                [&](std::int64_t band, float *values) { bound_band(change, explained_, band, values); });
}

Tensor Denoiser::mixed(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels,
                       const Tensor &denoised, const std::vector<float> &noise) const {
    constexpr std::int64_t kRows = 32;
    const Values before(host, pixels, on_processor_), after(host, denoised.get(), on_processor_);
    const std::vector<float> left_out = kept_detail(tile, before.channels(), after.channels(), noise);
    const Extent extent = extent_of(tile);
    const auto bands = (extent.height + kRows - 1) / kRows;
    return made(host, host.shape(pixels), bands, [&](std::int64_t band, float *values) {
        blend_components(before.channels(), after.channels(), extent, shares_, left_out, band * kRows,
                         std::min((band + 1) * kRows, extent.height), values);
    });
}

Tensor Denoiser::process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) const {
    if (idle()) return host.retained(pixels);
    const std::vector<float> noise = noise_of(host, tile);
    Tensor denoised = run_network(host, pixels, noise);
    if (is_bounded()) denoised = bounded(host, tile, pixels, denoised);
    if (!one_share()) return mixed(host, tile, pixels, denoised, noise);
    return shares_.luminance == 1 ? std::move(denoised) : blend(host, pixels, denoised, shares_.luminance);
}

void bring_tasks(plugin::Registry &tasks) {
    tasks.require({MIRRA_PLUGIN_FUNCTION(explained_noise)}); // the last that it calls
    tasks.add<Denoiser>(describe_task());
}

} // namespace
} // namespace denoiser

MIRRA_PLUGIN("org.mirra.denoiser", MIRRA_VERSION_TEXT, denoiser::bring_tasks)

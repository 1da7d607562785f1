// The pixels of a run's tiles: from the caller's image into tensors, and from tensors into its outputs.
#include "tile_pixels.hpp"

#include "host_table.hpp"
#include "team.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

/// Values below which a thread costs more than it saves.
constexpr std::int64_t kWorthThread = std::int64_t{1} << 18;

std::uint64_t threads_for(const SessionState &session, const RunPlan &plan) {
    if (plan.at_once > 1 || (session.options.threads == 0 && plan.one_thread)) return 1;
    return static_cast<std::uint64_t>(threads_of(session));
}

/// Rows of a tensor's only image, as interleaved values.
void copy_rows(const runtime::Mapped &mapped, std::int64_t first, std::int64_t rows, std::int64_t columns,
               std::int64_t channels, float *out) {
    const std::int64_t channel = mapped.strides[1], row = mapped.strides[2], column = mapped.strides[3];
    for (std::int64_t y = first; y < first + rows; ++y) {
        const float *const from = mapped.values + y * row;
        if (channel == 1 && column == channels) {
            out = std::copy_n(from, columns * channels, out);
            continue;
        }
        for (std::int64_t c = 0; c < channels; ++c)
            for (std::int64_t x = 0; x < columns; ++x) out[x * channels + c] = from[c * channel + x * column];
        out += columns * channels;
    }
}

} // namespace

DeviceTiles::Kind kind_of(const CheckedRequest &checked, const Setup &setup, const Geometry &geometry) {
    return {checked.channels, checked.with_alpha, setup.margin == 0, !geometry.same_size()};
}

TilePixels::TilePixels(SessionState &session, const Work &work, const SeenImage &input)
    : session_(session)
    , work_(work)
    , input_(input)
    , setup_(work.plan.key.setup)
    , on_device_(session.engine->device_pixels(session.device))
    , mapped_(session.on_processor())
    , threads_(threads_for(session, work.plan)) {
    if (!work.geometry.same_size()) scaled_ = {work.geometry.output_width, work.geometry.output_height};
}

void TilePixels::in_bands(std::int64_t rows, std::int64_t row_values,
                          const std::function<void(std::int64_t first, std::int64_t count)> &body) const {
    const std::int64_t band = std::max<std::int64_t>(kBandValues / std::max<std::int64_t>(row_values, 1), 1);
    const auto worth = static_cast<std::uint64_t>(rows * row_values / kWorthThread);
    const auto bands = static_cast<std::uint64_t>((rows + band - 1) / band);
    for_each_on_threads(std::clamp<std::uint64_t>(worth, 1, threads_), bands, [&](std::uint64_t index) {
        const std::int64_t first = static_cast<std::int64_t>(index) * band;
        body(first, std::min(band, rows - first));
    });
}

void TilePixels::load_rows(const runtime::Rect &rect, std::span<float> values) const {
    const CheckedRequest &checked = work_.checked;
    const auto colors = [&](std::span<float> out) {
        const int channels = checked.channels - (checked.with_alpha ? 1 : 0);
        setup_.margin == 0 ? load_tile(input_, rect, channels, out)
                           : load_mirrored(input_, rect, channels, out);
    };
    if (!checked.with_alpha) return colors(values);
    const auto channels = static_cast<std::size_t>(checked.channels);
    std::vector<float> own(values.size() / channels * (channels - 1));
    colors(own);
    const std::vector<float> alpha =
        setup_.margin == 0 ? load_alpha(input_.view, rect) : load_mirrored_alpha(input_.view, rect);
    for (std::size_t i = 0; i < alpha.size(); ++i) {
        std::copy_n(own.data() + i * (channels - 1), channels - 1, values.data() + i * channels);
        values[i * channels + channels - 1] = alpha[i];
    }
}

PixelsOnTheWay TilePixels::on_the_way(std::vector<float> values) const {
    PixelsOnTheWay out{std::move(values), nullptr};
    if (!on_device_.empty())
        out.tiles = std::make_unique<DeviceTiles>(on_device_, session_.device, input_,
                                                  kind_of(work_.checked, setup_, work_.geometry),
                                                  ready_of(work_.request));
    return out;
}

runtime::TensorPtr TilePixels::load(const runtime::Rect &rect, PixelsOnTheWay &way) const {
    const CheckedRequest &checked = work_.checked;
    if (way.tiles != nullptr)
        if (auto tensor = way.tiles->load(rect)) return tensor;
    const std::int64_t row = rect.width * checked.channels;
    const auto fill = [&](std::span<float> values) {
        if (input_.source != nullptr) return load_rows(rect, values); // a callback is asked once a tile
        in_bands(rect.height, row, [&](std::int64_t first, std::int64_t count) {
            load_rows(
                {rect.x, rect.y + first, rect.width, count},
                values.subspan(static_cast<std::size_t>(first * row), static_cast<std::size_t>(count * row)));
        });
    };
    return session_.module().upload(fill, {1, checked.channels, rect.height, rect.width},
                                    runtime::Layout::nhwc, session_.device);
}

GivenPixels TilePixels::given(std::span<float> values, const runtime::Rect &shown) const {
    return {values, shown, work_.checked.channels, work_.checked.with_alpha, setup_.range};
}

void TilePixels::store_mapped(const runtime::Mapped &mapped, const runtime::Rect &shown,
                              const runtime::Rect &kept, const image::ImageView &piece) const {
    const std::int64_t channels = work_.checked.channels, row = shown.width * channels;
    in_bands(kept.height, row, [&](std::int64_t first, std::int64_t count) {
        std::vector<float> values(static_cast<std::size_t>(count * row));
        const std::int64_t top = kept.y + first;
        copy_rows(mapped, top - shown.y, count, shown.width, channels, values.data());
        store_pixels(given(values, {shown.x, top, shown.width, count}), {kept.x, top, kept.width, count},
                     input_, scaled_,
                     image::cropped(piece, 0, first, static_cast<std::int32_t>(kept.width),
                                    static_cast<std::int32_t>(count)));
    });
}

void TilePixels::store(const runtime::DeviceTensor &tensor, const runtime::Rect &shown,
                       const runtime::Rect &kept, const image::ImageView &piece, PixelsOnTheWay &way,
                       std::function<void()> then) const {
    if (way.tiles != nullptr && way.tiles->store(tensor, given({}, shown), kept, piece, then)) return;
    mapped_ ? store_mapped(session_.module().map(tensor), shown, kept, piece)
            : store_downloaded(tensor, shown, kept, piece, way.values);
    if (then) then();
}

bool TilePixels::store_there(const runtime::DeviceTensor &tensor, const runtime::Rect &shown,
                             const runtime::Rect &kept, const image::ImageView &piece, PixelsOnTheWay &way,
                             std::function<void()> then) const {
    return way.tiles != nullptr &&
           way.tiles->store_there(tensor, given({}, shown), kept, piece, std::move(then));
}

void TilePixels::store_downloaded(const runtime::DeviceTensor &tensor, const runtime::Rect &shown,
                                  const runtime::Rect &kept, const image::ImageView &piece,
                                  std::vector<float> &buffer) const {
    const auto count = static_cast<std::size_t>(shown.width * shown.height * work_.checked.channels);
    if (count > buffer.size()) buffer.resize(count);
    const std::span<float> values(buffer.data(), count);
    session_.module().download(tensor, values, runtime::Layout::nhwc);
    store_pixels(given(values, shown), kept, input_, scaled_, piece);
}

} // namespace mirra::host

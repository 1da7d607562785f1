#include "work.hpp"

#include "picture.hpp"
#include "storage.hpp"

#include <algorithm>
#include <memory>
#include <mutex>

namespace mirra_vips {
namespace {

using mirra_filters::Filter;
using mirra_filters::Filters;
using mirra_filters::Lease;
using mirra_filters::Setting;
using mirra_filters::Values;

constexpr std::int64_t kMostTile = 2048, kLeastTile = 256;      // sides, in pixels
constexpr std::uint64_t kCacheBytes = std::uint64_t{256} << 20; // of finished tiles, where no limit is set
constexpr int kCacheShare = 8;                                  // of a limit
constexpr int kBand = 256;                                      // rows that are read at a time

struct Unref {
    void operator()(void *object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

/// Tiles of which a whole row is kept, and some of the next, so that a reader of rows has each made once.
struct Tiles {
    std::int64_t side, count;
    std::uint64_t bytes; ///< of all that are kept
};

Tiles tiles_of(std::int64_t width, std::uint64_t pixel_bytes, std::uint64_t budget) {
    for (std::int64_t side = kMostTile;; side -= kLeastTile) {
        const std::int64_t count = (width + side - 1) / side + 2;
        const std::uint64_t bytes = static_cast<std::uint64_t>(count * side * side) * pixel_bytes;
        if (bytes <= budget || side == kLeastTile) return {side, count, bytes};
    }
}

/// One use of an operation: what its pixels are made of.
class Work {
  public:
    Work(Filters &filters, const Filter &filter, Values values, VipsImage *in, VipsImage *watched);
    ~Work();
    Work(const Work &) = delete;
    Work &operator=(const Work &) = delete;

    /// An image whose pixels the Work makes, and which the Work then belongs to.
    static Image image_of(std::unique_ptr<Work> work);

  private:
    void settle();
    [[nodiscard]] Image header() const;
    [[nodiscard]] Lease lease() const { return filters_.lease(filter_, values_); }
    [[nodiscard]] bool killed() noexcept;
    [[nodiscard]] bool has_alpha() const noexcept { return samples_.color % 2 == 0; }
    [[nodiscard]] bool in_tiles() const noexcept { return tiles_.side > 0; }
    [[nodiscard]] std::int64_t row_bytes(const mirra_image &description) const noexcept;
    [[nodiscard]] api::Port source();
    void hold_input();
    void run(const mirra_rect &rect, const mirra_image &to);
    void make(VipsRegion *region);
    void make_tile(VipsRegion *region);
    void copy_of_whole(VipsRegion *region);
    static int generate(VipsRegion *region, void *sequence, void *a, void *b, gboolean *stop);

    Filters &filters_;
    const Filter &filter_;
    Values values_;
    const Image in_;
    GWeakRef watched_;
    Samples samples_;
    mirra_image from_, to_; ///< descriptions
    Tiles tiles_{0, 0, 0};  ///< a side of 0: the whole picture at once
    std::mutex mutex_;      ///< one run at a time: it uses all cores, and memory for one
    std::unique_ptr<Storage> held_, made_;
};

Work::Work(Filters &filters, const Filter &filter, Values values, VipsImage *in, VipsImage *watched)
    : filters_(filters)
    , filter_(filter)
    , values_(std::move(values))
    , in_(static_cast<VipsImage *>(g_object_ref(in)))
    , watched_{}
    , samples_(samples_of(in))
    , from_(description_of(in, samples_))
    , to_(from_) {
    g_weak_ref_init(&watched_, watched);
    settle();
}

Work::~Work() {
    g_weak_ref_clear(&watched_);
}

// What does not change from tile to tile: the size of the output, and of the tiles.
void Work::settle() {
    if (filter_.colored_output && samples_.color < MIRRA_COLOR_RGB) {
        to_.color += 2;
        to_.icc = nullptr; // the profile of a gray picture
        to_.icc_bytes = 0;
    }
    const mirra_plan first = lease().session().plan(from_.width, from_.height);
    to_.width = static_cast<std::int32_t>(first.output_width);
    to_.height = static_cast<std::int32_t>(first.output_height);
    const std::uint64_t pixel_bytes = static_cast<std::uint64_t>(row_bytes(to_) / to_.width);
    const std::uint64_t budget =
        first.memory_limit == 0 ? kCacheBytes : std::min(kCacheBytes, first.memory_limit / kCacheShare);
    const Tiles tiles = tiles_of(to_.width, pixel_bytes, budget);
    if (filter_.global_statistics || first.tile_count <= 1 ||
        std::int64_t{to_.width} * to_.height <= tiles.side * tiles.side)
        return;
    tiles_ = tiles;
    if (first.memory_limit == 0) return;
    // What is kept of the output counts, unless too little were left for the work.
    const Values as_set = values_;
    for (const auto &setting : filter_.settings)
        if (setting.role == Setting::Role::memory_limit)
            values_[setting.name] = std::to_string((first.memory_limit - tiles.bytes) >> 20);
    if (tiles.bytes >= first.memory_limit || lease().session().plan(from_.width, from_.height).fits == 0)
        values_ = as_set;
}

std::int64_t Work::row_bytes(const mirra_image &description) const noexcept {
    return static_cast<std::int64_t>(vips_format_sizeof_unsafe(in_->BandFmt)) * description.color *
           description.width;
}

bool Work::killed() noexcept {
    const Image watched(static_cast<VipsImage *>(g_weak_ref_get(&watched_)));
    if (!watched) return false;
    const VipsImage *const shown = watched->progress_signal; // whom progress is told to
    return watched->kill != FALSE || (shown != nullptr && shown->kill != FALSE);
}

// The task may look at pixels that alpha hides, so it is given all of them.
void Work::hold_input() {
    const std::int64_t row = row_bytes(from_);
    held_ = std::make_unique<Storage>(static_cast<std::uint64_t>(row * from_.height));
    for (int y = 0; y < from_.height; y += kBand) {
        if (killed()) throw api::Error(MIRRA_E_CANCELLED, "cancelled");
        const int rows = std::min(kBand, from_.height - y);
        read_rect(in_.get(), samples_, api::make_rect(0, y, from_.width, rows),
                  described(from_, held_->data() + y * row, row, from_.width, rows));
    }
}

// A picture with alpha is no source, says mirra.h.
api::Port Work::source() {
    if (!has_alpha())
        return api::in(filter_.input,
                       api::Source{from_, [this](const mirra_rect &rect, const api::Image &pixels) {
                                       read_rect(in_.get(), samples_, rect, pixels.get());
                                   }});
    if (!held_) hold_input();
    return api::in(filter_.input, api::ConstImage(described(from_, held_->data(), row_bytes(from_),
                                                            from_.width, from_.height)));
}

void Work::run(const mirra_rect &rect, const mirra_image &to) {
    api::RunOptions options;
    options.region = rect;
    options.progress = [this](const mirra_progress &) { return !killed(); };
    (void)lease().run(source(), api::out(filter_.output, api::Image(to)), std::move(options));
    multiply(to, samples_.scale);
}

void Work::make_tile(VipsRegion *region) {
    const VipsRect &valid = region->valid;
    run(api::make_rect(valid.left, valid.top, valid.width, valid.height),
        described(to_, VIPS_REGION_ADDR_TOPLEFT(region), static_cast<std::int64_t>(VIPS_REGION_LSKIP(region)),
                  valid.width, valid.height));
}

void Work::copy_of_whole(VipsRegion *region) {
    const std::int64_t row = row_bytes(to_);
    if (!made_) {
        auto storage = std::make_unique<Storage>(static_cast<std::uint64_t>(row * to_.height));
        run(api::make_rect(0, 0, to_.width, to_.height),
            described(to_, storage->data(), row, to_.width, to_.height));
        made_ = std::move(storage);
        held_.reset();
    }
    const VipsRect &valid = region->valid;
    const std::int64_t pixel = row / to_.width;
    for (int y = 0; y < valid.height; ++y)
        std::copy_n(made_->data() + (valid.top + y) * row + valid.left * pixel, valid.width * pixel,
                    reinterpret_cast<std::byte *>(VIPS_REGION_ADDR(region, valid.left, valid.top + y)));
}

void Work::make(VipsRegion *region) {
    const std::lock_guard<std::mutex> lock(mutex_);
    in_tiles() ? make_tile(region) : copy_of_whole(region);
}

int Work::generate(VipsRegion *region, void *, void *, void *b, gboolean *) {
    auto *const work = static_cast<Work *>(b);
    try {
        work->make(region);
        return 0;
    } catch (const VipsFailure &) {
        // has been said
    } catch (const std::exception &error) {
        vips_error(("mirra_" + work->filter_.name).c_str(), "%s", mirra_filters::message_of(error).c_str());
    }
    return -1;
}

// An image of the output's size and colours that has no pixels yet.
Image Work::header() const {
    Image image(vips_image_new());
    if (vips_image_pipelinev(image.get(), VIPS_DEMAND_STYLE_SMALLTILE, in_.get(), nullptr) != 0)
        throw VipsFailure();
    image->Xsize = to_.width;
    image->Ysize = to_.height;
    if (to_.color == from_.color) return image;
    image->Bands = to_.color;
    image->Type = samples_.format == MIRRA_FORMAT_U16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    vips_image_remove(image.get(), VIPS_META_ICC_NAME);
    return image;
}

Image Work::image_of(std::unique_ptr<Work> work) {
    Image image = work->header();
    const Tiles tiles = work->tiles_;
    Work *const maker = work.release();
    g_object_set_data_full(G_OBJECT(image.get()), "mirra-work", maker,
                           [](gpointer owned) { delete static_cast<Work *>(owned); });
    if (vips_image_generate(image.get(), nullptr, generate, nullptr, nullptr, maker) != 0)
        throw VipsFailure();
    if (tiles.side == 0) return image;
    const int side = static_cast<int>(tiles.side);
    VipsImage *cached = nullptr;
    if (vips_tilecache(image.get(), &cached, "tile_width", side, "tile_height", side, "max_tiles",
                       static_cast<int>(tiles.count), nullptr) != 0)
        throw VipsFailure();
    return Image(cached);
}

} // namespace

VipsImage *filtered(Filters &filters, const Filter &filter, const Values &values, VipsImage *in,
                    VipsImage *watched) {
    if (vips_image_pio_input(in) != 0) throw VipsFailure();
    return Work::image_of(std::make_unique<Work>(filters, filter, values, in, watched)).release();
}

} // namespace mirra_vips

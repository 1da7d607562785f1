// Each axis is cut by itself; of the cuts that fit the budget the one with the least work is taken.
#include "mirra/tiling.hpp"

#include "mirra/error.hpp"
#include "mirra/geometry.hpp"
#include "runtime/plan/memory.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

/// Without a budget, working memory beyond this makes a run slower, not faster.
constexpr std::uint64_t kComfortableBytes = std::uint64_t{1} << 30;

/// Tiles of fewer pixels would be almost nothing but halo.
constexpr std::int64_t kSmallestCore = 32;

constexpr std::int64_t kMostTiles = 1 << 20;

std::int64_t round_up(std::int64_t value, std::int64_t step) {
    return (value + step - 1) / step * step;
}

/// Graphs alone are held to it when they are read; together they could ask for any.
std::int64_t common_alignment(std::int64_t one, std::int64_t other) {
    const auto common = std::lcm(one, other);
    if (common > g::Limits::kExtent)
        throw Error(ErrorCode::mismatch,
                    "the graphs have no grid of pixels of at most " + std::to_string(g::Limits::kExtent) +
                        " in common",
                    "tiles", "use graphs whose strides divide each other");
    return common;
}

/// Calls visit(input extent, how many tiles have it); tiles away from both edges are all alike.
template<class Visit> void for_each_kind(const TileAxis &axis, const Visit &visit) {
    const auto one = [&](std::int64_t index) {
        const auto s = axis.span(index);
        visit(s.input_end - s.input_begin, 1);
    };
    const auto all = axis.count(),
               edge = (std::max({axis.before, axis.after, axis.minimum}) + axis.core - 1) / axis.core + 1;
    const auto first = std::min(all, edge), last = std::max(first, all - edge);
    for (std::int64_t i = 0; i < first; ++i) one(i);
    if (last > first) visit(axis.before + axis.core + axis.after, last - first);
    for (std::int64_t i = last; i < all; ++i) one(i);
}

std::int64_t largest_input(const TileAxis &axis) {
    std::int64_t largest = 0;
    for_each_kind(axis, [&](std::int64_t input, std::int64_t) { largest = std::max(largest, input); });
    return largest;
}

std::int64_t total_input(const TileAxis &axis) {
    std::int64_t total = 0;
    for_each_kind(axis, [&](std::int64_t input, std::int64_t times) { total += input * times; });
    return total;
}

class Planner {
  public:
    Planner(const g::Graph &graph, std::int64_t width, std::int64_t height, const TilingOptions &options)
        : options_(options)
        , alignment_(g::alignment(graph))
        , minimum_(g::minimum_extents(graph))
        , halo_(g::receptive_field(graph)) {
        look();
        add_footprint({&graph, false});
        for (const auto &use : options.others) {
            look();
            add_footprint(use);
            alignment_ = common_alignment(alignment_, g::alignment(*use.graph));
            const auto least = g::minimum_extents(*use.graph);
            minimum_ = {std::max(minimum_.height, least.height), std::max(minimum_.width, least.width)};
        }
        alignment_ = common_alignment(alignment_, options.multiple);
        minimum_ = {round_up(minimum_.height, alignment_), round_up(minimum_.width, alignment_)};
        halo_.unbounded = halo_.unbounded || options.whole;
        for (std::int64_t *side : {&halo_.left, &halo_.top, &halo_.right, &halo_.bottom})
            *side += options.halo;
        x_ = axis(width, minimum_.width, halo_.left, halo_.right);
        y_ = axis(height, minimum_.height, halo_.top, halo_.bottom);
        if (!options.region || halo_.unbounded) return;
        cut_out(x_, options.region->x, options.region->width);
        cut_out(y_, options.region->y, options.region->height);
    }

    TilePlan plan() {
        const auto best = cut();
        if (!best) fail();
        return assemble(*best);
    }

    [[nodiscard]] std::uint64_t smallest_bytes() {
        const auto smallest = smallest_cut();
        return bytes(smallest.x, smallest.y).all;
    }

  private:
    struct Cut {
        TileAxis x, y;
        double work = 0; ///< input pixels of all tiles
    };

    TileAxis axis(std::int64_t size, std::int64_t minimum, std::int64_t before, std::int64_t after) const {
        TileAxis out;
        out.size = size;
        out.padded = std::max(round_up(size, alignment_), minimum);
        out.before = round_up(before, alignment_);
        out.after = round_up(after, alignment_);
        out.last = out.padded;
        out.core = out.padded;
        out.minimum = minimum;
        return out;
    }

    void cut_out(TileAxis &axis, std::int64_t begin, std::int64_t extent) const {
        axis.first = begin / alignment_ * alignment_;
        axis.last = std::min(axis.padded, round_up(begin + extent, alignment_));
        axis.core = axis.last - axis.first;
    }

    static double work_of(const TileAxis &x, const TileAxis &y) {
        return static_cast<double>(total_input(x)) * static_cast<double>(total_input(y));
    }

    void look() const {
        if (options_.look) options_.look();
    }

    /// Weights stay between the runs of several graphs; of one graph they are compiled once.
    void add_footprint(const GraphUse &use) {
        if (std::ranges::find(uses_, use) != uses_.end()) return;
        uses_.push_back(use);
        footprints_.emplace_back(*use.graph, options_.precision, use.gradient);
        const auto &added = footprints_.back().weights();
        weights_.held += added.held;
        weights_.making = std::max(weights_.making, added.making);
    }

    /// Of the graph that needs most.
    [[nodiscard]] std::uint64_t tensors(std::int64_t width, std::int64_t height) {
        std::uint64_t most = 0;
        for (auto &footprint : footprints_) {
            std::vector<g::Shape> inputs;
            for (const auto &input : footprint.graph().inputs)
                inputs.push_back({1, input.channels, height, width});
            most = std::max(most, footprint.tensors(inputs));
        }
        return most;
    }

    struct Bytes {
        std::uint64_t all = 0, tensors = 0;
    };
    Bytes bytes(const TileAxis &x, const TileAxis &y) {
        const auto width = largest_input(x), height = largest_input(y);
        const std::uint64_t tensors = tensors_of_one(width, height);
        if (tensors == UINT64_MAX) return {UINT64_MAX, tensors};
        const std::int64_t tiles = x.count() > options_.at_once ? options_.at_once : x.count() * y.count();
        const auto at_once = static_cast<std::uint64_t>(std::min(options_.at_once, tiles));
        const auto extra = options_.extra_per_pixel * static_cast<std::uint64_t>(width * height);
        return {weights_.all() + at_once * (tensors + extra), at_once * tensors};
    }

    /// Of a tile of these extents; the most there is where tensors would be beyond what a graph may have:
    /// smaller tiles may do.
    std::uint64_t tensors_of_one(std::int64_t width, std::int64_t height) {
        const auto [known, added] = tensors_.try_emplace({width, height});
        if (!added) return known->second;
        look();
        try {
            known->second = tensors(width, height);
        } catch (const Error &error) {
            if (error.code() != ErrorCode::limit) throw;
            known->second = UINT64_MAX;
        }
        return known->second;
    }

    bool fits(const TileAxis &x, const TileAxis &y, std::uint64_t limit) {
        const auto too_large = [this](const TileAxis &axis) {
            return largest_input(axis) > std::max(options_.largest_tile, axis.minimum);
        };
        if (options_.largest_tile > 0 && (too_large(x) || too_large(y)))
            if (x.core > smallest_core() || y.core > smallest_core()) return false;
        return bytes(x, y).all <= limit;
    }

    /// The cut with the least work whose memory fits; more tiles mean more halo, so the first that fits is
    /// enough.
    std::optional<Cut> search(std::uint64_t limit) {
        std::optional<Cut> best;
        const std::int64_t steps_x = (x_.last - x_.first) / alignment_,
                           steps_y = (y_.last - y_.first) / alignment_;
        const auto counts = counts_up_to(limit_count(steps_y));
        const auto with_rows = [&](std::int64_t rows) {
            TileAxis y = y_;
            y.core = (steps_y + rows - 1) / rows * alignment_;
            return y;
        };
        auto enough = counts.end(); // the fewest rows that fit; more columns need no more of them
        for (const auto columns : counts_up_to(limit_count(steps_x))) {
            TileAxis x = x_;
            x.core = (steps_x + columns - 1) / columns * alignment_;
            enough = std::partition_point(
                counts.begin(), enough, [&](std::int64_t rows) { return !fits(x, with_rows(rows), limit); });
            if (enough == counts.end()) continue;
            const TileAxis y = with_rows(*enough);
            const double work = work_of(x, y);
            if (!best || work < best->work) best = Cut{x, y, work};
        }
        return best;
    }

    /// A caller who states a tile size may have tiles as small as that asks for.
    [[nodiscard]] std::int64_t smallest_core() const {
        return options_.largest_tile > 0 ? alignment_ : round_up(kSmallestCore, alignment_);
    }
    [[nodiscard]] std::int64_t limit_count(std::int64_t steps) const {
        return halo_.unbounded ? 1 : std::max<std::int64_t>(1, steps * alignment_ / smallest_core());
    }
    static std::vector<std::int64_t> counts_up_to(std::int64_t most) {
        std::vector<std::int64_t> counts;
        for (std::int64_t count = 1; count <= most; count = next(count)) counts.push_back(count);
        return counts;
    }
    /// Every count up to 16, then coarser: a few percent of work against thousands of trials.
    static std::int64_t next(std::int64_t count) { return count < 16 ? count + 1 : count + count / 8; }

    std::optional<Cut> cut() {
        const auto hard = options_.budget > 0 ? options_.budget : UINT64_MAX - 1;
        const auto comfortable = std::min(hard, kComfortableBytes);
        if (fits(x_, y_, comfortable)) return Cut{x_, y_, work_of(x_, y_)};
        const auto smallest = smallest_cut();
        if (bytes(smallest.x, smallest.y).all > hard) return std::nullopt;
        if (const auto best = search(comfortable)) return best;
        if (const auto best = search(hard)) return best;
        return smallest;
    }

    [[nodiscard]] Cut smallest_cut() const {
        Cut cut{x_, y_, 0};
        if (!halo_.unbounded) {
            cut.x.core = std::min(x_.core, smallest_core());
            cut.y.core = std::min(y_.core, smallest_core());
        }
        return cut;
    }

    [[noreturn]] void fail() {
        const auto needed = smallest_bytes();
        throw Error(ErrorCode::budget,
                    "the memory budget of " + std::to_string(options_.budget) +
                        " bytes is too small: the smallest tile needs " + std::to_string(needed) + " bytes",
                    "memory_limit",
                    "raise the limit by at least " + std::to_string(needed - options_.budget) + " bytes");
    }

    [[nodiscard]] TilePlan assemble(const Cut &cut) {
        if (cut.x.count() > kMostTiles / cut.y.count())
            throw Error(ErrorCode::limit,
                        "the image would be cut into " + std::to_string(cut.x.count()) + " x " +
                            std::to_string(cut.y.count()) + " tiles",
                        "image", "raise the memory limit or the tile size, or cut the image up");
        const auto needed = bytes(cut.x, cut.y);
        return {.tiles = {cut.x, cut.y},
                .halo = halo_,
                .alignment = alignment_,
                .input_width = largest_input(cut.x),
                .input_height = largest_input(cut.y),
                .padded_width = x_.padded,
                .padded_height = y_.padded,
                .peak_bytes = needed.all,
                .tensor_bytes = needed.tensors,
                .weight_bytes = weights_.all()};
    }

    const TilingOptions &options_;
    std::int64_t alignment_;
    g::Extents minimum_;
    g::Halo halo_;
    TileAxis x_, y_;
    std::vector<GraphUse> uses_;
    std::deque<Footprint> footprints_; ///< of these
    WeightBytes weights_;              ///< of all of them
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t>
        tensors_; ///< by width and height of a tile's input
};

void check_size(std::int64_t width, std::int64_t height) {
    if (width < 1 || height < 1)
        throw Error(ErrorCode::invalid_argument, "the image is empty", "image",
                    "give an image of at least 1x1 pixels");
}

} // namespace

std::int64_t TileAxis::count() const {
    return (last - first + core - 1) / core;
}

TileAxis::Span TileAxis::span(std::int64_t index) const {
    const auto begin = first + index * core, end = std::min(last, begin + core);
    auto from = std::max<std::int64_t>(0, begin - before), to = std::min(padded, end + after);
    if (to - from < minimum) { // a thin last tile: widen it towards the image
        from = std::max<std::int64_t>(0, to - minimum);
        to = std::min(padded, from + minimum);
    }
    return {begin, std::min(size, end), from, to};
}

TileGrid::TileGrid(TileAxis x, TileAxis y) : x_(x), y_(y) {
    const auto with_pixels = [](const TileAxis &axis) {
        return static_cast<std::size_t>((std::min(axis.size, axis.last) - axis.first + axis.core - 1) /
                                        axis.core);
    };
    columns_ = with_pixels(x_);
    rows_ = with_pixels(y_);
}

Tile TileGrid::operator[](std::size_t index) const {
    const auto x = x_.span(static_cast<std::int64_t>(index % columns_)),
               y = y_.span(static_cast<std::int64_t>(index / columns_));
    return {
        .core = {x.core_begin, y.core_begin, x.core_end - x.core_begin, y.core_end - y.core_begin},
        .input = {x.input_begin, y.input_begin, x.input_end - x.input_begin, y.input_end - y.input_begin}};
}

TilePlan plan_tiles(const g::Graph &graph, std::int64_t width, std::int64_t height,
                    const TilingOptions &options) {
    check_size(width, height);
    return Planner(graph, width, height, options).plan();
}

std::uint64_t smallest_budget(const g::Graph &graph, std::int64_t width, std::int64_t height,
                              const TilingOptions &options) {
    check_size(width, height);
    const auto bytes = Planner(graph, width, height, options).smallest_bytes();
    if (bytes == UINT64_MAX)
        throw Error(ErrorCode::limit, "graph '" + graph.name + "' needs the whole image, which is too large",
                    "image", "give a smaller image");
    return bytes;
}

} // namespace mirra::runtime

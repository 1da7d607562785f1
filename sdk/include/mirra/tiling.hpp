// Cutting an image into tiles that fit a memory budget and whose results, put together, equal the untiled
// result. Pure functions; thread-safe.
#pragma once

#include "mirra/graph.hpp"
#include "mirra/runtime.hpp"

#include <functional>
#include <iterator>
#include <optional>
#include <vector>

namespace mirra::runtime {

struct Rect {
    std::int64_t x = 0, y = 0, width = 0, height = 0;
    [[nodiscard]] bool operator==(const Rect &) const = default;
};

/// One piece of work: run the network on `input`, keep `core`.
struct Tile {
    Rect core;  ///< pixels of the image that this tile yields; inside of the image
    Rect input; ///< pixels that the network sees; aligned, may reach beyond the image (filled by replication)
};

/// The cut of one axis: tiles of `core` pixels on the alignment grid.
struct TileAxis {
    std::int64_t size = 0;              ///< of the image
    std::int64_t padded = 0;            ///< size on the grid, at least the network's minimum
    std::int64_t first = 0, last = 0;   ///< of these, what is cut; on the grid
    std::int64_t before = 0, after = 0; ///< halo on the grid
    std::int64_t core = 1;
    std::int64_t minimum = 0; ///< smallest input

    struct Span {
        std::int64_t core_begin, core_end, input_begin, input_end;
    };
    [[nodiscard]] std::int64_t count() const; ///< tiles, those that are all padding included
    [[nodiscard]] Span span(std::int64_t index) const;
};

/// The tiles of an image, row by row, each made when it is asked for: a million of them take no memory.
class TileGrid {
  public:
    TileGrid() = default;
    TileGrid(TileAxis x, TileAxis y);

    [[nodiscard]] std::size_t size() const noexcept { return columns_ * rows_; }
    [[nodiscard]] Tile operator[](std::size_t index) const;
    [[nodiscard]] Tile back() const { return (*this)[size() - 1]; }

    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Tile;
        using difference_type = std::ptrdiff_t;
        using pointer = const Tile *;
        using reference = Tile;
        Iterator(const TileGrid &grid, std::size_t index) : grid_(&grid), index_(index) {}
        Tile operator*() const { return (*grid_)[index_]; }
        Iterator &operator++() {
            ++index_;
            return *this;
        }
        [[nodiscard]] bool operator==(const Iterator &other) const = default;

      private:
        const TileGrid *grid_;
        std::size_t index_;
    };
    [[nodiscard]] Iterator begin() const { return {*this, 0}; }
    [[nodiscard]] Iterator end() const { return {*this, size()}; }

  private:
    TileAxis x_, y_;
    std::size_t columns_ = 0, rows_ = 0; ///< of tiles that have pixels of the image
};

/// A graph that tiles go through besides the one that governs them.
struct GraphUse {
    const graph::Graph *graph = nullptr; ///< each of its inputs has the extents of the tile
    bool gradient = false;               ///< its gradient is wanted, not only its outputs
    [[nodiscard]] bool operator==(const GraphUse &) const = default;
};

struct TilingOptions {
    std::uint64_t budget = 0; ///< bytes that tensors and weights may take at the peak; 0: no limit
    Precision precision = Precision::fp32;
    std::int64_t largest_tile = 0;      ///< cap on a tile's input extent; 0: the planner's choice
    std::uint64_t extra_per_pixel = 16; ///< bytes that the task itself holds per input pixel
    std::vector<GraphUse> others = {};  ///< tiles suit them as well; the one that needs most counts
    bool whole = false;                 ///< the image must be one tile
    std::int64_t halo = 0;              ///< pixels around a core beyond the graph's own halo
    std::int64_t multiple = 1;          ///< tiles begin and end at multiples of it as well
    std::optional<Rect> region = {};    ///< of the image, which alone is cut; none: all of it
    std::int64_t at_once = 1;           ///< tiles that are in memory at a time
    std::function<void()> look = {};    ///< called now and then; what it throws ends the planning
};

/// The tiles of one image, and what they take: worked out before anything is computed.
struct TilePlan {
    TileGrid tiles;
    graph::Halo halo;
    std::int64_t alignment = 1;
    std::int64_t input_width = 0, input_height = 0;   ///< largest input of a tile
    std::int64_t padded_width = 0, padded_height = 0; ///< of the image on the grid: what all tiles cover
    std::uint64_t peak_bytes = 0; ///< estimate for the largest tile, weights included; an upper bound
    std::uint64_t tensor_bytes = 0, weight_bytes = 0; ///< of these
};

/// @throws Error budget (names the bytes that the smallest tile needs) | invalid_argument (empty image)
TilePlan plan_tiles(const graph::Graph &graph, std::int64_t width, std::int64_t height,
                    const TilingOptions &options);

/// The smallest budget that plan_tiles takes for an image of this size; options.budget is left aside.
/// @throws Error limit (the network needs the image whole and cannot have it) | invalid_argument (empty
/// image)
std::uint64_t smallest_budget(const graph::Graph &graph, std::int64_t width, std::int64_t height,
                              const TilingOptions &options);

/// Upper bound on the bytes of a compiled graph's weights.
struct WeightBytes {
    std::uint64_t held = 0;   ///< as long as it is compiled
    std::uint64_t making = 0; ///< besides, while one of them is made or packed
    [[nodiscard]] std::uint64_t all() const { return held + making; }
};
/// @param gradient  whether it is compiled for gradients, in fp32
WeightBytes compiled_bytes(const graph::Graph &graph, Precision precision, bool gradient);

/// Upper bound on the bytes of a graph at one size of its inputs.
struct MemoryEstimate {
    std::uint64_t tensors = 0; ///< of one run at the peak, inputs and outputs included
    WeightBytes weights;
    [[nodiscard]] std::uint64_t all() const { return tensors + weights.all(); }
};
/// @param inputs    shapes by name
/// @param gradient  of one gradient of an output, in fp32, instead of a run
/// @throws Error mismatch | limit
MemoryEstimate estimate_memory(const graph::Graph &graph, const std::map<std::string, graph::Shape> &inputs,
                               Precision precision, bool gradient = false);

} // namespace mirra::runtime

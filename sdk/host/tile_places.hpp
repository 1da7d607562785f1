// Where a tile lies in the image and in the output.
#pragma once

#include "output.hpp"
#include "run_plan.hpp"

namespace mirra::host {

class TilePlaces {
  public:
    /// Both must outlive it.
    TilePlaces(const RunPlan &plan, const Geometry &geometry) : plan_(plan), geometry_(geometry) {}

    [[nodiscard]] std::size_t count() const { return plan_.tiles.tiles.size(); }
    /// What the tile reads of the image.
    [[nodiscard]] runtime::Rect read(std::size_t index) const;
    /// What it is there for, in pixels of the image; empty for a tile that is all margin.
    [[nodiscard]] runtime::Rect core(std::size_t index) const;
    /// What of an output image it makes.
    [[nodiscard]] runtime::Rect kept(std::size_t index, const OutputImage &output) const;
    /// What of the output its tensor shows.
    [[nodiscard]] runtime::Rect shown(std::size_t index) const;
    /// As plugins are told of it.
    [[nodiscard]] mirra_tile describe(std::size_t index, std::uint32_t pass) const;

  private:
    const RunPlan &plan_;
    const Geometry &geometry_;
};

} // namespace mirra::host

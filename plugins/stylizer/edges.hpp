// Brings the edges of one picture back into another, and takes away what surrounds them.
#pragma once

#include "block.hpp"

namespace stylizer {

/// Squares of pixels over which pictures are compared.
struct EdgeGrid {
    std::int64_t cell = 1; ///< pixels of a side
    std::int64_t rows = 0, columns = 0;
};

/// With cells of half a stride, or less where those would not fill the picture.
/// @param stride  pixels from one feature to the next, of the coarsest level that has worked on the picture
EdgeGrid edge_grid(std::int64_t stride, std::int64_t width, std::int64_t height);

/// That hold_to_edges() takes beside the pictures.
std::uint64_t bytes_of_edges(const EdgeGrid &grid);

/// The fast guided filter (He and Sun 2015), with its window of 13 cells: within a window the picture becomes
/// a linear function of the guide's colours, so that it has edges where the guide has them, and is even where
/// the guide is. What is smaller than a cell stays. Where no window sees anything, the picture stays as it
/// is.
/// @param guide    {3, height, width}, as the picture
/// @param visible  mean alpha of each cell, which is its weight; empty: 1
/// @param share    0 ... 1, of the filtered picture; the rest is the picture as it was
/// @throws Failed cancelled
void hold_to_edges(const Host &host, const Planes &guide, const std::vector<float> &visible,
                   const EdgeGrid &grid, double share, Planes &picture);

} // namespace stylizer

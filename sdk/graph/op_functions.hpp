// Shape, weight-shape and receptive-field functions that the op table refers to.
#pragma once

#include "mirra/graph.hpp"

namespace mirra::graph {

// Output shapes; throw Error mismatch when the inputs do not fit.
Shape conv2d_shape(const Node &node, std::span<const Shape> inputs);
Shape conv_transpose2d_shape(const Node &node, std::span<const Shape> inputs);
Shape per_channel_shape(const Node &node, std::span<const Shape> inputs);
Shape linear_shape(const Node &node, std::span<const Shape> inputs);
Shape same_shape(const Node &node, std::span<const Shape> inputs);
Shape pool_shape(const Node &node, std::span<const Shape> inputs);
Shape global_pool_shape(const Node &node, std::span<const Shape> inputs);
Shape adaptive_pool_shape(const Node &node, std::span<const Shape> inputs);
Shape flatten_shape(const Node &node, std::span<const Shape> inputs);
Shape concat_shape(const Node &node, std::span<const Shape> inputs);
Shape add_shape(const Node &node, std::span<const Shape> inputs);
Shape channel_slice_shape(const Node &node, std::span<const Shape> inputs);
Shape upsample_shape(const Node &node, std::span<const Shape> inputs);
Shape reflection_pad_shape(const Node &node, std::span<const Shape> inputs);
Shape crop_shape(const Node &node, std::span<const Shape> inputs);
Shape normalise_shape(const Node &node, std::span<const Shape> inputs);
Shape haar_analysis_shape(const Node &node, std::span<const Shape> inputs);
Shape haar_synthesis_shape(const Node &node, std::span<const Shape> inputs);

// Expected weight shapes.
Shape conv2d_weight(const Node &node);
Shape conv_transpose2d_weight(const Node &node);
Shape linear_weight(const Node &node);
Shape out_channels_vector(const Node &node);
Shape channels_vector(const Node &node);

// Input interval that an output interval depends on, along one axis.
Interval same_field(const Node &node, bool vertical, Interval output);
Interval window_field(const Node &node, bool vertical, Interval output);
Interval conv_transpose2d_field(const Node &node, bool vertical, Interval output);
Interval whole_field(const Node &node, bool vertical, Interval output);
Interval upsample_field(const Node &node, bool vertical, Interval output);
Interval pad_field(const Node &node, bool vertical, Interval output);
Interval crop_field(const Node &node, bool vertical, Interval output);
Interval haar_analysis_field(const Node &node, bool vertical, Interval output);
Interval haar_synthesis_field(const Node &node, bool vertical, Interval output);

/// Input pixels per output pixel along an axis, as a fraction in lowest terms.
struct Scale {
    std::int64_t numerator = 1, denominator = 1;
};
Scale scale_of(const Node &node);

} // namespace mirra::graph

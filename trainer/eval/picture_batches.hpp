// Pictures in memory, batch by batch on the device.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <functional>

namespace mirra::trainer {

struct PictureBatch {
    torch::Tensor ids; ///< int64 [N], the pictures' places among all
    torch::Tensor images, labels;
};

/// @param visit  is given `size` pictures a time, the last time the rest
inline void for_each_batch(const torch::Tensor &images, const torch::Tensor &labels, std::int64_t size,
                           const torch::Device &device,
                           const std::function<void(const PictureBatch &)> &visit) {
    for (const auto &rows : torch::arange(images.size(0)).split(size)) {
        const auto taken = images.index_select(0, rows.to(images.device())).to(device);
        visit({.ids = rows,
               .images = taken.contiguous(at::MemoryFormat::ChannelsLast),
               .labels = labels.index_select(0, rows.to(labels.device())).to(device)});
    }
}

} // namespace mirra::trainer

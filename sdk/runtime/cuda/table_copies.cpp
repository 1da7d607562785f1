// Tiles and pictures of a run on their way, by the kernels' table.
#include "runtime/cuda/table_copies.hpp"

#include "mirra/error.hpp"

#include <utility>

namespace mirra::cuda {
namespace {

graph::Shape shape_of(const mirra_cuda_tile &tile) {
    return {1, tile.channels, tile.height, tile.width};
}

/// All of a picture.
mirra_cuda_core whole(const mirra_cuda_image &image) {
    return {0, 0, image.width, image.height};
}

/// Pictures in the device's memory need none beside it.
Memory no_memory(std::size_t /*bytes*/) {
    throw Error(ErrorCode::internal, "copies of pictures need no memory of the device");
}

} // namespace

TableCopies::TableCopies(const mirra_cuda_kernels &kernels, std::function<Memory(std::size_t)> device_memory,
                         TensorMemory &tensors, const runtime::Ready &ready)
    : tensors_(tensors)
    , device_(kernels, std::move(device_memory))
    , transfer_(device_)
    , callers_(device_, ready) {}

void TableCopies::send(const mirra_cuda_image &image, const mirra_cuda_tile &tile) {
    sent_ = transfer_.begin_upload(image, tile);
}

runtime::TensorPtr TableCopies::receive() {
    const auto upload = std::exchange(sent_, std::nullopt);
    if (!upload) throw Error(ErrorCode::internal, "no tile was sent to the device");
    const auto made = tensors_.make(shape_of(upload->tile));
    transfer_.finish_upload(*upload, [&](const mirra_cuda_image &image, const mirra_cuda_tile &tile) {
        device_.gather(image, tile, made.values);
    });
    return made.tensor;
}

void TableCopies::fetch(const runtime::DeviceTensor &tensor, const mirra_cuda_tile &tile,
                        const mirra_cuda_image &image) {
    const auto values = tensors_.values_of(tensor);
    fetched_ = transfer_.begin_download(image, [&](const mirra_cuda_image &there) {
        device_.scatter(tile, values.get(), whole(image), nullptr, there);
    });
}

void TableCopies::finish() {
    if (fetched_) {
        transfer_.finish_download(*fetched_);
        fetched_.reset();
    }
    callers_.finish();
}

runtime::TensorPtr TableCopies::gather(const mirra_cuda_image &image, const mirra_cuda_tile &tile) {
    const auto made = tensors_.make(shape_of(tile));
    callers_.launch([&] { device_.gather(image, tile, made.values); });
    return made.tensor;
}

void TableCopies::scatter(const runtime::DeviceTensor &tensor, const mirra_cuda_tile &tile,
                          const mirra_cuda_image *source, const mirra_cuda_image &image) {
    const auto values = tensors_.values_of(tensor);
    callers_.launch([&] { device_.scatter(tile, values.get(), whole(image), source, image); });
}

TablePictureCopies::TablePictureCopies(const mirra_cuda_kernels &kernels, const runtime::Ready &ready)
    : device_(kernels, no_memory)
    , callers_(device_, ready) {}

void TablePictureCopies::read(const mirra_cuda_image &there, const mirra_cuda_image &here) {
    const std::lock_guard lock(mutex_);
    callers_.read(there, here);
}

void TablePictureCopies::write(const mirra_cuda_image &here, const mirra_cuda_image &there) {
    const std::lock_guard lock(mutex_);
    callers_.write(here, there);
}

} // namespace mirra::cuda

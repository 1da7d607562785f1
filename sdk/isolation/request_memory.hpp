// What a run works on, in memory that both processes have: pixels, profiles, tensors.
#pragma once

#include "messages.hpp"
#include "shared_memory.hpp"

namespace mirra::isolation {

/// A picture's pixels, packed, in memory of its own. @param description  of the picture
[[nodiscard]] image::ImageView packed_view(const image::ImageView &description, std::span<std::byte> memory);
[[nodiscard]] std::size_t packed_bytes(const image::ConstImageView &view);

/// Of the host's process: a request, written down.
class WrittenRequest {
  public:
    /// Copies what the run reads. @throws Error out_of_memory
    WrittenRequest(const host::TaskInfo &task, const host::RunRequest &request);

    [[nodiscard]] const Json &body() const noexcept { return body_; }
    /// Negative: there is none.
    [[nodiscard]] int descriptor() const noexcept { return memory_.descriptor(); }
    /// Copies an output image into the caller's. @param rect  within it
    void copy_back(const std::string &port, const runtime::Rect &rect) const;
    void copy_back(const std::string &port) const;
    /// Ports of output images.
    [[nodiscard]] std::vector<std::string> outputs() const;

  private:
    std::size_t reserve(std::size_t bytes);

    const host::RunRequest &request_;
    std::map<std::string, image::ImageView> outputs_; ///< in the memory
    Json body_;
    SharedMemory memory_;
    std::size_t size_ = 0;
};

/// Of the worker's process: what was written down. Values, and views into the memory, which must outlive it.
[[nodiscard]] host::RunRequest read_request(const Json &in, const SharedMemory &memory);

/// The same tensors, which must outlive the set.
[[nodiscard]] host::TensorSet borrowed(const std::map<std::string, host::HostTensor> &tensors);
/// Tensors, one behind the other.
[[nodiscard]] std::size_t tensor_bytes(const host::TensorSet &tensors);
[[nodiscard]] Json write_tensors(const host::TensorSet &tensors, std::span<std::byte> memory);
/// How large memory is that holds them. @throws Gone for tensors that share it
[[nodiscard]] std::size_t said_bytes(const Json &tensors);
[[nodiscard]] host::TensorSet read_tensors(const Json &in, std::span<const std::byte> memory);

} // namespace mirra::isolation

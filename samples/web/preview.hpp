// A small copy of a result that grows while the run goes on.
#ifndef MIRRA_WEB_PREVIEW_HPP_
#define MIRRA_WEB_PREVIEW_HPP_

#include <cstdint>
#include <mirra/mirra.hpp>
#include <mutex>
#include <vector>

namespace web {

namespace api = mirra::api;

class Preview {
  public:
    /// Of an output of this size and transfer function.
    void begin(const mirra_image &output);
    /// Takes pixels that are final, or better than before: those of the rectangle.
    void take(const mirra_rect &rect, const mirra_image &pixels);
    /// Grows with each change; 0: there is nothing to see.
    [[nodiscard]] std::uint64_t version() const;
    /// A JPEG file. @throws api::Error not_found where there is nothing to see
    [[nodiscard]] api::Memory jpeg() const;

  private:
    mutable std::mutex lock_;
    std::vector<std::uint8_t> samples_; ///< RGB
    std::int32_t width_ = 0, height_ = 0;
    std::int64_t step_ = 1; ///< every so-manieth pixel of the output
    mirra_transfer transfer_ = MIRRA_TRANSFER_ENCODED;
    std::uint64_t version_ = 0;
};

} // namespace web

#endif // MIRRA_WEB_PREVIEW_HPP_

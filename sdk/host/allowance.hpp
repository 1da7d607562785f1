// So many bytes that several may hold between them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace mirra::host {

/// Thread-safe.
class Allowance {
  public:
    explicit Allowance(std::uint64_t bytes) : total_(std::make_shared<Total>(bytes)) {}

    /// What holds so many bytes until it is destroyed, also after the allowance; null where they are not
    /// left.
    [[nodiscard]] std::shared_ptr<void> claim(std::uint64_t bytes) const {
        const std::scoped_lock lock(total_->mutex);
        if (bytes > total_->left) return nullptr;
        auto claimed = std::make_shared<Claim>(total_, bytes);
        total_->left -= bytes;
        return claimed;
    }

  private:
    struct Total {
        explicit Total(std::uint64_t bytes) : left(bytes) {}
        std::mutex mutex;
        std::uint64_t left;
    };
    struct Claim {
        Claim(std::shared_ptr<Total> of, std::uint64_t claimed) : total(std::move(of)), bytes(claimed) {}
        Claim(const Claim &) = delete;
        Claim &operator=(const Claim &) = delete;
        ~Claim() {
            const std::scoped_lock lock(total->mutex);
            total->left += bytes;
        }
        const std::shared_ptr<Total> total;
        const std::uint64_t bytes;
    };

    std::shared_ptr<Total> total_;
};

} // namespace mirra::host

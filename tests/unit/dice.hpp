// Decisions at random: those of a seed, or of the bytes of a fuzzer's input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

namespace mirra::test {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    /// Each decision takes bytes; behind the last one each is the first of its choices.
    explicit Dice(std::span<const std::byte> bytes) : bytes_(bytes), from_bytes_(true) {}

    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        const auto count = static_cast<std::uint64_t>(high - low + 1);
        return low + static_cast<std::int64_t>(next(count <= 256 ? 1 : sizeof count) % count);
    }
    bool chance(double probability) { return real() < probability; }
    double real() {
        constexpr int kBits = 64;
        return from_bytes_ ? static_cast<double>(next(2)) * 0x1p-16
                           : static_cast<double>(next(8) >> (kBits - 53)) * 0x1p-53;
    }
    template<class Items> const auto &one_of(const Items &items) {
        return items[static_cast<std::size_t>(between(0, std::ssize(items) - 1))];
    }
    /// For the values of tensors and pictures, which need not cost bytes each.
    Dice of_values() { return Dice(next(1)); }

  private:
    std::uint64_t next(std::size_t bytes) {
        if (!from_bytes_) return random_();
        std::uint64_t value = 0;
        for (; bytes > 0 && !bytes_.empty(); --bytes, bytes_ = bytes_.subspan(1))
            value = value << 8 | std::to_integer<std::uint64_t>(bytes_.front());
        return value;
    }

    std::mt19937_64 random_;
    std::span<const std::byte> bytes_;
    bool from_bytes_ = false;
};

} // namespace mirra::test

// Counter-based randomness: a value depends on (seed, step, sample, draw) alone, so that resuming needs no
// state.
#pragma once

#include <cstdint>

namespace mirra::trainer {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

class CounterRandom {
  public:
    CounterRandom(std::uint64_t seed, std::uint64_t step, std::uint64_t sample = 0)
        : key_(mix(mix(mix(seed) ^ step) ^ sample)) {}

    std::uint64_t bits() { return mix(key_ + counter_++); }
    /// In [0, 1).
    double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// In [0, bound); bound > 0.
    std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(uniform() * static_cast<double>(bound));
    }
    bool chance(double probability) { return uniform() < probability; }

  private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

} // namespace mirra::trainer

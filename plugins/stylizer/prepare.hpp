// The task "style-prepare".
#pragma once

#include "settings.hpp"

namespace stylizer {

/// One session's state.
class Preparer {
  public:
    void configure(const Host &host, mirra_setup &setup);
    [[nodiscard]] Tensor process(const Host &host, const mirra_tile &tile, const mirra_tensor *pixels) const;

  private:
    Settings settings_;
    mirra_graph_use use_{};
};

/// The encoder that needs most memory, at work on blocks of style pictures; a use beside the tiles.
mirra_graph_use block_use(const Settings &settings);
/// Bytes that the statistics of one style take, at most, in the making and afterwards.
std::uint64_t statistics_bytes(const Settings &settings);

} // namespace stylizer

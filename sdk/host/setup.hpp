// What a task needs for a run, as it says in `configure`.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

/// What a task asked for in `configure`.
struct Setup {
    /// Another graph that tiles go through, or that runs on extents of its own.
    struct Use {
        std::string graph;
        bool gradient = false;
        std::int64_t batch = 0, height = 0, width = 0; ///< 0: those of the tile
        [[nodiscard]] bool of_tiles() const { return batch == 0; }
        [[nodiscard]] bool operator==(const Use &) const = default;
    };
    std::string graph; ///< empty: none, each pixel by itself
    std::uint64_t extra_bytes_per_pixel = 0;
    std::uint64_t piece_bytes_per_pixel = 0;        ///< of the run's sources and sinks
    std::uint64_t extra_bytes = 0;                  ///< through the whole run
    bool read_there = false, written_there = false; ///< the run's images, in the GPU's memory by its kernels
    bool whole_image = false;
    bool measures_noise = false;      ///< of the whole image
    std::uint32_t measure_passes = 1; ///< of tasks that measure
    std::uint32_t margin = 0;         ///< around the image
    std::uint32_t halo = 0;           ///< around the core of a tile, beyond that of the graph
    /// What the samples of image and output are, whatever these say; empty: what they say.
    std::optional<image::Transfer> transfer;
    std::vector<Use> uses;
    image::Range range = image::Range::unit;          ///< of the samples that the task gives
    std::int64_t numerator = 1, denominator = 1;      ///< by which the output is larger than the input
    std::int32_t output_width = 0, output_height = 0; ///< of an output of a size of its own; else 0
    [[nodiscard]] bool operator==(const Setup &) const = default;

    /// What bytes for each pixel of the output are for each pixel of the input.
    [[nodiscard]] std::uint64_t per_input_pixel(std::uint64_t bytes) const {
        const auto up = static_cast<std::uint64_t>(numerator), down = static_cast<std::uint64_t>(denominator);
        return (bytes * up * up + down * down - 1) / (down * down);
    }
};

/// The size of the image that a plugin is asked about; 0: none is known.
struct ImageSize {
    std::int32_t width = 0, height = 0;
    [[nodiscard]] bool operator==(const ImageSize &) const = default;
};

/// What a plugin was last told, and what it answered.
struct Configured {
    ImageSize size;
    std::map<std::string, Value> values; ///< parameters
    std::vector<PortQuestion> questions;
    Setup setup;
};

/// What the plugin needs with the parameters as they are. It is asked again only when the size, a parameter,
/// or what it wanted to know about the request's ports has changed since it was last asked.
/// @param request  null: no run is being prepared
Setup configure(SessionState &session, const ImageSize &size, const RunRequest *request);

} // namespace mirra::host

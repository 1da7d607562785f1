// A bundle of the task "stylize": one encoder, a generator a level.
#pragma once

#include "core/provenance.hpp"
#include "mirra/bundle.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Reconstructions of held-out pictures by a level alone.
struct LevelQuality {
    std::int64_t pictures = 0, extent = 0;
    double psnr = 0, ssim = 0;
};

struct StylizerLevel {
    std::string layer;
    std::shared_ptr<const bundle::Bundle> bundle; ///< with the layer's generator
    double detail = 0;
    LevelQuality quality = {};
};

struct StylizerBundle {
    const std::filesystem::path &output;
    const bundle::Bundle &encoder;
    std::string encoder_name;
    std::vector<StylizerLevel> levels; ///< in the order of their application
    std::string licence;
    Provenance provenance;
};

/// Fails where a bundle's generator of that layer does not belong to this encoder: another graph or other
/// weights (as stored in fp16) of the encoder beside it, other features, pictures of another size.
/// @throws Error not_found (no such generator) | mismatch
void check_level_bundle(const bundle::Bundle &encoder, const bundle::Bundle &bundle, const std::string &layer,
                        const std::filesystem::path &path);

/// Whether the bundle at `output` has been made of these levels.
bool is_written(const StylizerBundle &bundle);

/// Writes the bundle in fp16. @throws Error io
void write_stylizer_bundle(const StylizerBundle &bundle);

} // namespace mirra::trainer

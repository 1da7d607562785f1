// The weight bundle: a safetensors file whose metadata holds a JSON manifest. See
// docs/reference/bundle-format.md. Readers treat every file as hostile: all sizes and offsets are checked
// before use.
#pragma once

#include "mirra/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mirra::bundle {

enum class DType : std::uint8_t { f32, f16, bf16, f64, i64, i32, i16, i8, u8, boolean };
std::size_t size_of(DType type);
[[nodiscard]] bool is_float(DType type);

/// A shape for messages: "[64, 3, 11, 11]".
std::string to_text(const graph::Shape &shape);

/// A tensor's bytes, little-endian, row-major. Does not own them.
struct TensorView {
    DType dtype = DType::f32;
    graph::Shape shape;
    std::span<const std::byte> bytes;
};

/// @throws Error unsupported for integer types
std::vector<float> to_float(const TensorView &tensor);
/// Rounds to nearest even. @param type  f32, f16 or bf16
std::vector<std::byte> from_float(std::span<const float> values, DType type);

/// A parsed safetensors file, in memory. Immutable and thread-safe; views live as long as it does.
class TensorFile {
  public:
    /// @throws Error not_found | io | corrupt | limit | unsupported
    static std::shared_ptr<const TensorFile> open(const std::filesystem::path &path);
    static std::shared_ptr<const TensorFile> parse(std::vector<std::byte> bytes, std::string name);

    virtual ~TensorFile() = default;
    [[nodiscard]] virtual const std::map<std::string, TensorView> &tensors() const = 0;
    [[nodiscard]] virtual const std::map<std::string, std::string> &metadata() const = 0;
};

/// Writes atomically; tensors in the order of the map. @throws Error io | not_found | invalid_argument
void write_tensors(const std::filesystem::path &path, const std::map<std::string, TensorView> &tensors,
                   const std::map<std::string, std::string> &metadata = {});
/// What write_tensors() writes.
[[nodiscard]] std::vector<std::byte> tensor_bytes(const std::map<std::string, TensorView> &tensors,
                                                  const std::map<std::string, std::string> &metadata = {});

/// What a bundle says of itself. Field by field in docs/reference/bundle-format.md.
struct Manifest {
    static constexpr int kFormatVersion = 1;
    std::string task;         ///< "denoise", "invert", …; empty for a bare network
    std::string name;         ///< short, for people
    std::string architecture; ///< id of the builder that made the graphs; informative
    std::string licence;
    std::string defaults = "{}";   ///< JSON object: parameter -> default
    std::string provenance = "{}"; ///< JSON object: data, recipe, seed, steps, date, trainer version
    std::string quality = "[]";    ///< JSON array of {data, count, sigma, psnr, ssim, …}
    std::map<std::string, double> precision_loss; ///< "bf16" -> measured loss in dB
    std::map<std::string, graph::Graph> graphs;
};

/// An opened bundle, in memory: what was verified is what is used, whatever becomes of the file. Immutable,
/// thread-safe.
class Bundle {
  public:
    /// Parses, bounds-checks and verifies the SHA-256 over the tensors and every weight shape of every graph.
    /// @throws Error not_found | io | corrupt | limit | unsupported (a newer format)
    static std::shared_ptr<const Bundle> open(const std::filesystem::path &path);
    static std::shared_ptr<const Bundle> open_memory(std::vector<std::byte> bytes, std::string name);

    virtual ~Bundle() = default;
    [[nodiscard]] virtual const Manifest &manifest() const = 0;
    [[nodiscard]] virtual const std::string &manifest_json() const = 0;
    [[nodiscard]] virtual const TensorFile &file() const = 0;
    [[nodiscard]] virtual std::string sha256() const = 0; ///< of the tensors, in hex
    /// @throws Error not_found, the hint lists the graphs that there are
    [[nodiscard]] virtual const graph::Graph &graph(const std::string &name) const = 0;
    /// fp32 values of a weight, converted on first use and shared. @throws Error not_found
    [[nodiscard]] virtual std::span<const float> weight(const std::string &name) const = 0;
};

/// Weights by name, fp32.
struct WeightTensor {
    graph::Shape shape;
    std::vector<float> values;
};
using Weights = std::map<std::string, WeightTensor>;

/// Writes a bundle atomically. Only the weights that the graphs use are stored; all must be there with their
/// shape.
/// @param storage  f32, f16 or bf16
/// @throws Error io | not_found | mismatch
void write_bundle(const std::filesystem::path &path, const Manifest &manifest, const Weights &weights,
                  DType storage);

/// What write_bundle() writes, in memory: a bundle to be tried before it is written. @throws Error as that
/// does, but io
[[nodiscard]] std::vector<std::byte> bundle_bytes(const Manifest &manifest, const Weights &weights,
                                                  DType storage);

} // namespace mirra::bundle

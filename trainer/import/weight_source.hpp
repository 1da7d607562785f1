// Finds the weights that graphs need among the tensors of checkpoints.
#pragma once

#include "mirra/bundle.hpp"
#include "recipes.hpp"
#include "state_dict.hpp"

#include <set>
#include <span>
#include <string>

namespace mirra::trainer::importer {

/// The tensors of all given files under the names of the graphs.
class WeightSource {
  public:
    explicit WeightSource(const Recipe &recipe) : recipe_(recipe) {}

    void add(StateDict state);

    /// Of the usable tensors.
    [[nodiscard]] Shapes shapes() const;

    /// Every weight of the graphs, spectral normalisation folded.
    /// @throws Error mismatch, listing every missing, unexpected and misshapen tensor | corrupt
    bundle::Weights collect(const std::vector<graph::Graph> &graphs, bool allow_unexpected);

  private:
    struct Wanted {
        graph::Shape shape;
        bool transposed = false; ///< the weight of a transposed convolution
    };

    static std::map<std::string, Wanted> wanted(const std::vector<graph::Graph> &graphs);
    /// The name of the tensor for a weight of the graphs.
    [[nodiscard]] std::string source_name(const std::string &weight) const;
    [[nodiscard]] const SourceTensor *find(const std::string &name) const;
    /// Notes what is wrong with a tensor, if anything. @returns whether it can be read
    bool check(const std::string &name, const graph::Shape &shape);
    bool check_weight(const std::string &name, const Wanted &want);
    [[nodiscard]] std::vector<float> read(const std::string &name) const;
    [[nodiscard]] bundle::WeightTensor load(const std::string &name, const Wanted &want) const;
    void check_haar_taps();
    void find_unexpected();
    void report(bool allow_unexpected) const;

    const Recipe &recipe_;
    std::map<std::string, std::vector<SourceTensor>> tensors_;
    std::set<std::string> used_, missing_, unexpected_, wrong_;
};

/// Rows and columns of the matrix that the power iteration saw: dimension 0 against the rest, for a
/// transposed convolution dimension 1 against the rest.
struct SpectralShape {
    std::int64_t rows = 0, columns = 0;
};
SpectralShape spectral_shape(const graph::Shape &weight, bool transposed);

/// Divides the weight by u . (W v).
/// @param u  rows values  @param v  columns values
/// @throws Error corrupt if the norm is zero or not finite
void fold_spectral_norm(bundle::WeightTensor &weight, std::span<const float> u, std::span<const float> v,
                        bool transposed, const std::string &name);

} // namespace mirra::trainer::importer

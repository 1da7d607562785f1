// Random valid networks: pairs of encoder and generator as bundles have them, whose picture is as large as
// the image on every grid, wild ones that need not be, and free ones of many branches.
#pragma once

#include "dice.hpp"
#include "mirra/bundle.hpp"
#include "mirra/graph.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirra::test {

using Attributes = std::map<std::string, graph::Attribute>;

/// Some attributes of an op over so many channels; whether they fit a value of some size is another matter.
Attributes random_attributes(Dice &dice, graph::Op op, std::int64_t channels, std::int64_t most_channels);

/// Grows one graph, layer by layer.
class NetworkGrower {
  public:
    /// @param prefix  of the names of nodes and weights
    NetworkGrower(Dice &dice, std::string name, std::string prefix);

    void input(const std::string &name, std::int64_t channels);
    /// Reads several inputs as one value.
    void join_inputs();
    /// A layer that keeps to the grid: an extent of n times the scale gives n cells.
    void layer(std::int64_t largest_scale);
    /// Any op with any attributes.
    void wild_layer();
    /// Doubles or triples the cells until there is one a pixel.
    void enlarge();
    /// The last layer: so many channels, in [0, 1] or not.
    void finish_with(std::int64_t channels);
    void output(const std::string &name) { graph_.outputs.push_back({name, value_}); }

    [[nodiscard]] std::int64_t channels() const { return channels_; }
    [[nodiscard]] std::int64_t scale() const { return scale_; }
    void set_scale(std::int64_t scale) { scale_ = scale; }
    [[nodiscard]] graph::Graph done() const;

  private:
    std::string add(graph::Op op, std::vector<std::string> inputs, Attributes attributes = {});
    void then(graph::Op op, Attributes attributes = {});
    /// A window of that reach and stride that loses nothing of an aligned extent.
    void pad_for(std::int64_t reach, std::int64_t stride);
    void conv(std::int64_t out, std::int64_t stride = 1);
    void pool(std::int64_t stride);
    void shift();
    void curve();
    void branch();
    void narrow();
    void enlarge_by(std::int64_t factor);

    Dice &dice_;
    std::string prefix_;
    graph::Graph graph_;
    std::string value_;
    std::int64_t channels_ = 0, scale_ = 1;
};

/// What a free graph keeps to.
struct Freedom {
    std::size_t nodes = 24;
    std::int64_t height = 128, width = 160; ///< at which every node has a pixel
    std::int64_t most_channels = 48;
    bool keeps_size = false; ///< the only output, "image", is a picture of the input's size
};

/// Nodes over any earlier ones: they share weights, are wide, add up and stand side by side.
graph::Graph random_graph(Dice &dice, const Freedom &freedom);

/// Weights of graphs; now and then with values that no training gives.
bundle::Weights random_weights_of(Dice &dice, const std::map<std::string, graph::Graph> &graphs);

/// An encoder with these taps, and for each a generator and both in one.
/// @param taps   names of outputs of the encoder
/// @param alone  also an encoder of its own for each tap, "encoder-TAP" with the output "features"
std::map<std::string, graph::Graph> random_autoencoders(Dice &dice, const std::vector<std::string> &taps,
                                                        bool alone);

} // namespace mirra::test

// Convolutions by oneDNN, with what follows them, on weights packed for their inputs.
#pragma once

#include "runtime/onednn/block.hpp"
#include "runtime/plan/program.hpp"
#include "runtime/rows/winograd.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <vector>

namespace mirra::runtime::onednn {

/// What is made of each value of a convolution's result.
struct Following {
    bool sum = false;                   ///< added to what the result's memory holds
    bool relu = false;                  ///< after that
    const graph::Node *curve = nullptr; ///< a function that oneDNN applies; null: none
};

/// conv2d or conv_transpose2d. Steps whose weights follow from the same tensors have one in common.
/// Thread-safe.
class Convolution {
  public:
    /// @param weight, bias  as the node has them; no bias: empty
    /// @param type          to compute in
    /// @param by_winograd   see filters_by_winograd()
    Convolution(graph::Node node, std::vector<float> weight, std::vector<float> bias, Type type,
                bool by_winograd);

    /// One step more has it.
    void share() { ++steps_; }
    [[nodiscard]] graph::Shape result_shape(const graph::Shape &input) const;
    /// @param x       of the type, dense
    /// @param result  of result_shape(), dense; with a sum, holds the addend
    void run(const Block &x, const Block &result, const Following &after);
    /// Gradient of the input, given that of the result: dense, in fp32 as the convolution must be.
    Block back(const Block &given, const graph::Shape &input);
    [[nodiscard]] Type type() const { return type_; }

  private:
    /// Rows of zeros around an input.
    struct Edges {
        std::int64_t above, below;
        bool operator==(const Edges &) const = default;
    };
    /// What a primitive is made for.
    struct Wanted {
        graph::Shape input;
        Edges edges;
        std::int64_t rows; ///< of the result
        Type result;
        Following after;
        int threads; ///< that run it; one where several of it run at once
        [[nodiscard]] bool is_like(const Wanted &other) const;
    };
    struct Prepared {
        Wanted wanted;
        dnnl::primitive primitive;
        dnnl::memory::desc scratch;
        dnnl::memory weight;
    };

    template<class Description>
    Prepared made(const Wanted &wanted, const Description &description, const dnnl::primitive &primitive);
    template<class Kind> Prepared prepare(const Wanted &wanted);
    template<class Kind> Prepared prepare_back(const Wanted &wanted);
    /// One for these, made where there is none yet.
    template<class Make> Prepared prepared(std::list<Prepared> &all, const Wanted &wanted, const Make &make);
    Prepared forward(const Wanted &wanted);
    /// Runs it from one block to another.
    static void execute(const Prepared &prepared, std::unordered_map<int, dnnl::memory> arguments);
    [[nodiscard]] Edges edges() const;
    [[nodiscard]] std::int64_t
    reach() const; ///< input rows that a row of the result lies over; not transposed
    /// Rows of a result that are computed at a time, by one thread; 0: all of them by all threads.
    [[nodiscard]] std::int64_t band_rows(const Block &result) const;
    struct Bands;
    [[nodiscard]] Bands cut(const Block &x, const Block &result, const Following &after, std::int64_t rows);
    void run_band(const Prepared &kind, void *from, void *to, const Block &result, float *scratch) const;
    void run_in_bands(const Block &x, const Block &result, const Following &after, std::int64_t rows);
    /// Null where a picture of this size is better computed by oneDNN.
    const WinogradFilter *winograd_for(const Block &x);
    static void run_winograd(const WinogradFilter &filter, const Block &x, const Block &result,
                             const Following &after);
    dnnl::memory packed(const dnnl::memory::desc &wanted);
    [[nodiscard]] dnnl::memory::desc plain_weight() const;
    [[nodiscard]] dnnl::memory::desc any_weight() const; ///< in the layout that oneDNN chooses
    [[nodiscard]] dnnl::memory::desc bias_descriptor() const;
    template<class Kind>
    [[nodiscard]] typename Kind::Forward::primitive_desc
    forwards(const dnnl::memory::desc &from, const dnnl::memory::desc &to, const Edges &edges,
             const dnnl::primitive_attr &attributes) const;

    const graph::Node node_;
    std::vector<float> weight_, bias_;
    const Type type_;
    const bool by_winograd_;
    dnnl::memory bias_memory_;
    std::size_t steps_ = 1;
    std::mutex mutex_; ///< held by who changes what follows
    std::optional<WinogradFilter> winograd_;
    std::list<Prepared> prepared_;   ///< the one used last comes first
    std::list<Prepared> backward_;   ///< likewise
    std::list<dnnl::memory> packed_; ///< likewise
};

} // namespace mirra::runtime::onednn

// Graphs whose results are compared with what their description promises.
#include "graph_run.hpp"
#include "mirra/error.hpp"
#include "mirra/graph.hpp"
#include "runtime/plain/plain_tensor.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace mirra::host {
namespace {

/// Halves heights and widths, or claims to.
class Halving final : public runtime::Executable {
  public:
    Halving() {
        graph::Builder b("half");
        b.output("y", b.max_pool(b.input("x", 3), 2, 2));
        graph_ = b.finish();
    }
    std::vector<runtime::TensorPtr> run(std::span<const runtime::TensorPtr> inputs,
                                        const runtime::StepFunction &) override {
        graph::Shape shape = inputs[0]->shape();
        for (const std::size_t axis : {2U, 3U}) shape[axis] /= honest ? 2 : 1;
        return {runtime::make_plain(shape)};
    }
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }
    bool honest = true;

  private:
    graph::Graph graph_;
};

void expect_halved(CheckedExecutable &checked, std::int64_t height, std::int64_t width) {
    std::atomic<std::uint64_t> work = 0;
    const std::vector<runtime::TensorPtr> inputs{runtime::make_plain({1, 3, height, width})};
    const auto results = checked.run(inputs, {}, work);
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0]->shape(), (graph::Shape{1, 3, height / 2, width / 2}));
}

TEST(CheckedGraph, HasAPromiseForEachSizeHoweverTheyAlternate) {
    CheckedExecutable checked(std::make_shared<Halving>());
    for (int round = 0; round < 3; ++round)
        for (std::int64_t size = 2; size < 20; size += 2) expect_halved(checked, size, 40 - size);
}

TEST(CheckedGraph, HasPromisesForSeveralThreads) {
    CheckedExecutable checked(std::make_shared<Halving>());
    std::vector<std::thread> threads;
    for (std::int64_t size = 2; size <= 16; size += 2)
        threads.emplace_back([&checked, size] {
            for (int i = 0; i < 50; ++i) expect_halved(checked, size, 2 * size);
        });
    for (auto &thread : threads) thread.join();
}

TEST(CheckedGraph, RefusesResultsOfAnotherSizeAlsoWhereTheSizeIsKnown) {
    const auto halving = std::make_shared<Halving>();
    CheckedExecutable checked(halving);
    expect_halved(checked, 8, 8);
    halving->honest = false;
    std::atomic<std::uint64_t> work = 0;
    const std::vector<runtime::TensorPtr> inputs{runtime::make_plain({1, 3, 8, 8})};
    EXPECT_THROW(checked.run(inputs, {}, work), Error);
}

} // namespace
} // namespace mirra::host

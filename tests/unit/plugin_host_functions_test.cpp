// The host's functions that a plugin calls, through the plugin "probe": passes over the tiles, matrices,
// further images in sizes of their own.
#include "inverter_support.hpp"
#include "mirra/mirra_plugin.h"

#include <limits>

namespace mirra::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A matrix as a DLPack tensor over memory of the test's.
struct Matrix {
    Matrix(std::vector<std::int64_t> extents, std::vector<float> data)
        : shape(std::move(extents))
        , values(std::move(data)) {
        managed.dl_tensor.data = values.data();
        managed.dl_tensor.device = {kDLCPU, 0};
        managed.dl_tensor.ndim = static_cast<std::int32_t>(shape.size());
        managed.dl_tensor.dtype = {kDLFloat, 32, 1};
        managed.dl_tensor.shape = shape.data();
    }
    Matrix(const Matrix &) = delete;
    Matrix &operator=(const Matrix &) = delete;

    std::vector<std::int64_t> shape;
    std::vector<float> values;
    DLManagedTensorVersioned managed{};
};

/// What a run of the probe gave.
struct Probed {
    mirra_status status = MIRRA_OK;
    std::string complaint;
    Result result;

    [[nodiscard]] std::string text(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result.get(), name, &value, error));
        return value.text == nullptr ? "" : value.text;
    }
    [[nodiscard]] std::int64_t integer(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result.get(), name, &value, error));
        return value.integer;
    }
    [[nodiscard]] std::vector<float> tensor(const char *name) const {
        return values_of(tensor_of(result, name));
    }
};

class Probe {
  public:
    explicit Probe(const char *task, const char *runtime = MIRRA_TEST_RUNTIME)
        : engine_(make_engine(MIRRA_TEST_ZOO "/probe.so", runtime)) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = task;
        options.tile_size = 16;
        EXPECT_OK(mirra_session_create(engine_.get(), &options, session_.out(), error));
    }

    Probe &set(const char *name, const std::string &text) {
        EXPECT_OK(mirra_session_set_text(session_.get(), name, text.c_str(), error));
        return *this;
    }

    Probed run(std::int32_t width, const mirra_image *other = nullptr, Matrix *matrix = nullptr,
               const mirra_run_options *options = nullptr) {
        const Floats in(width, 16, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        const Floats out(width, 16, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        std::vector<mirra_port_value> ports{port("image", in.image), port("output", out.image)};
        if (other != nullptr) ports.push_back(port("other", *other));
        if (matrix != nullptr) {
            MIRRA_STRUCT(mirra_port_value, value);
            value.name = "matrix";
            value.tensor = &matrix->managed.dl_tensor;
            ports.push_back(value);
        }
        Probed probed;
        Failure failure;
        probed.status = mirra_session_run(session_.get(), ports.data(), ports.size(), options,
                                          probed.result.out(), failure.out());
        probed.complaint = message(failure);
        return probed;
    }

    void plan(std::int32_t width) {
        MIRRA_STRUCT(mirra_plan, plan);
        EXPECT_OK(mirra_session_plan(session_.get(), width, 16, &plan, error));
    }

  private:
    Engine engine_;
    Session session_;
};

TEST(PluginConfigure, IsCalledAgainOnlyForWhatChanged) {
    Probe probe("probe-functions");
    const auto configures = [&](std::int32_t width, const mirra_image *other = nullptr) {
        return probe.run(width, other).integer("configures");
    };
    const Floats small(4, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
        large(5, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    probe.plan(16);
    EXPECT_EQ(2, configures(16)) << "for the session, and for the plan and the run of one size";
    EXPECT_EQ(2, configures(16));
    EXPECT_EQ(3, configures(17)) << "another size";
    EXPECT_EQ(4, configures(17, &small.image)) << "a port was given that it asks for";
    EXPECT_EQ(4, configures(17, &small.image));
    EXPECT_EQ(5, configures(17, &large.image)) << "an image of another size";
    probe.set("flags", "0");
    EXPECT_EQ(5, configures(17, &large.image)) << "the same value again";
    probe.set("flags", "1");
    EXPECT_EQ(6, configures(17, &large.image)) << "another parameter";
    EXPECT_EQ(7, configures(17)) << "the port is not given any more";
}

TEST(PluginPasses, GoOverAllTilesOneAfterTheOther) {
    const Probed probed = Probe("probe-passes").set("passes", "3").run(48);
    ASSERT_EQ(MIRRA_OK, probed.status) << probed.complaint;
    EXPECT_EQ("0:0/3 0:1/3 0:2/3 1:0/3 1:1/3 1:2/3 2:0/3 2:1/3 2:2/3 "
              "process 0:0/3 process 0:1/3 process 0:2/3 ",
              probed.text("visits"));
    EXPECT_EQ("0:0/1 process 0:0/1 ", Probe("probe-passes").run(16).text("visits")) << "one unless asked";
}

TEST(PluginPasses, AreLimited) {
    EXPECT_EQ(MIRRA_OK, Probe("probe-passes").set("passes", "64").run(16).status);
    for (const char *passes : {"65", "-1"}) {
        const Probed probed = Probe("probe-passes").set("passes", passes).run(16);
        EXPECT_EQ(MIRRA_E_PLUGIN, probed.status);
        EXPECT_THAT(probed.complaint, HasSubstr("too many passes"));
    }
}

/// Stops a run at its n-th report; keeps what was reported.
struct Reports {
    std::size_t stop_after = std::numeric_limits<std::size_t>::max();
    std::vector<std::string> stages;
    std::vector<double> fractions;

    static std::int32_t callback(void *user, const mirra_progress *now) {
        Reports &reports = *static_cast<Reports *>(user);
        reports.stages.push_back(std::string(now->stage) + " " + std::to_string(now->tile) + "/" +
                                 std::to_string(now->tile_count));
        reports.fractions.push_back(now->fraction);
        return reports.stages.size() == reports.stop_after ? 1 : 0;
    }
    [[nodiscard]] mirra_run_options options() {
        MIRRA_STRUCT(mirra_run_options, options);
        options.progress = callback;
        options.user = this;
        return options;
    }
};

TEST(PluginPasses, AreReportedAndCanBeStoppedBetween) {
    Reports all;
    mirra_run_options options = all.options();
    EXPECT_EQ(MIRRA_OK, Probe("probe-passes").set("passes", "2").run(32, nullptr, nullptr, &options).status);
    EXPECT_THAT(all.stages, ElementsAre("prepare 0/0", "measure 0/4", "measure 1/4", "measure 2/4",
                                        "measure 3/4", "process 0/2", "process 1/2", "finish 2/2"));
    const double step = 1.0 / 6;
    for (std::size_t i = 0; i < 7; ++i)
        EXPECT_NEAR(step * static_cast<double>(i == 0 ? 0 : i - 1), all.fractions[i], 1e-9);
    EXPECT_EQ(1, all.fractions.back());
    Reports some;
    some.stop_after = 4; // the first tile of the second pass
    options = some.options();
    EXPECT_EQ(MIRRA_E_CANCELLED,
              Probe("probe-passes").set("passes", "2").run(32, nullptr, nullptr, &options).status);
    EXPECT_EQ(4U, some.stages.size());
}

class PluginMatrices : public ::testing::TestWithParam<const char *> {
  protected:
    Probed eigen(Matrix &matrix) {
        return Probe("probe-functions", GetParam()).set("action", "eigen").run(16, nullptr, &matrix);
    }
    Probed product(Matrix &matrix, int flags) {
        return Probe("probe-functions", GetParam())
            .set("action", "product")
            .set("flags", std::to_string(flags))
            .run(16, nullptr, &matrix);
    }
};

INSTANTIATE_TEST_SUITE_P(Runtimes, PluginMatrices, ::testing::ValuesIn(all_runtimes()), runtime_name);

TEST_P(PluginMatrices, EigenvectorsMakeTheMatrixAgain) {
    constexpr std::size_t kN = 6;
    std::vector<float> values(kN * kN, kNan); // above the diagonal nothing is read
    const auto entry = [](std::size_t i, std::size_t j) {
        return std::sin(1.7 * static_cast<double>(i * j + i + j)) + (i == j ? 3 : 0);
    };
    for (std::size_t i = 0; i < kN; ++i)
        for (std::size_t j = 0; j <= i; ++j) values[i * kN + j] = static_cast<float>(entry(i, j));
    Matrix matrix({kN, kN}, values);
    const Probed probed = eigen(matrix);
    ASSERT_EQ(MIRRA_OK, probed.status) << probed.complaint;
    const auto eigenvalues = probed.tensor("values"), vectors = probed.tensor("vectors");
    ASSERT_EQ(kN, eigenvalues.size());
    ASSERT_EQ(kN * kN, vectors.size());
    EXPECT_TRUE(std::ranges::is_sorted(eigenvalues));
    for (std::size_t i = 0; i < kN; ++i)
        for (std::size_t j = 0; j < kN; ++j) {
            double made = 0, upright = 0;
            for (std::size_t k = 0; k < kN; ++k) {
                made += vectors[i * kN + k] * eigenvalues[k] * vectors[j * kN + k];
                upright += vectors[k * kN + i] * vectors[k * kN + j];
            }
            EXPECT_NEAR(entry(std::max(i, j), std::min(i, j)), made, 1e-5);
            EXPECT_NEAR(i == j ? 1 : 0, upright, 1e-5);
        }
}

TEST_P(PluginMatrices, EigenvaluesFarBelowTheGreatestKeepTheirDigits) {
    Matrix matrix({2, 2}, {30000.25F, 0, 29999.75F, 30000.25F});
    const auto values = eigen(matrix).tensor("values");
    EXPECT_NEAR(0.5, values.at(0), 1e-6);
    EXPECT_NEAR(60000, values.at(1), 0.01);
}

TEST_P(PluginMatrices, WhatHasNoEigenvectorsIsRefused) {
    for (const float bad : {kNan, std::numeric_limits<float>::infinity()}) {
        Matrix matrix({2, 2}, {1, 0, bad, 1});
        EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, eigen(matrix).status);
    }
    Matrix oblong({2, 3}, std::vector<float>(6));
    EXPECT_EQ(MIRRA_E_MISMATCH, eigen(oblong).status);
    EXPECT_THAT(eigen(oblong).complaint, HasSubstr("{2, 3} is not square"));
    Matrix row({4}, std::vector<float>(4));
    EXPECT_EQ(MIRRA_E_MISMATCH, eigen(row).status);
}

TEST_P(PluginMatrices, ProductsAreThoseOfTransposedOperands) {
    Matrix matrix({2, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_THAT(product(matrix, MIRRA_PRODUCT_TRANSPOSE_B).tensor("product"), ElementsAre(14, 32, 32, 77));
    EXPECT_THAT(product(matrix, MIRRA_PRODUCT_TRANSPOSE_A).tensor("product"),
                ElementsAre(17, 22, 27, 22, 29, 36, 27, 36, 45));
    Matrix square({2, 2}, {1, 2, 3, 4});
    EXPECT_THAT(product(square, 0).tensor("product"), ElementsAre(7, 10, 15, 22));
    EXPECT_THAT(product(square, MIRRA_PRODUCT_TRANSPOSE_A | MIRRA_PRODUCT_TRANSPOSE_B).tensor("product"),
                ElementsAre(7, 15, 10, 22));
}

TEST_P(PluginMatrices, WhatHasNoProductIsRefused) {
    Matrix matrix({2, 3}, std::vector<float>(6));
    const Probed probed = product(matrix, 0);
    EXPECT_EQ(MIRRA_E_MISMATCH, probed.status);
    EXPECT_THAT(probed.complaint, HasSubstr("{2, 3} and {2, 3} have no product"));
    Matrix three({1, 2, 2}, std::vector<float>(4));
    EXPECT_EQ(MIRRA_E_MISMATCH, product(three, 0).status);
    Matrix square({2, 2}, std::vector<float>(4));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, product(square, 4).status);
}

class PluginImages : public ::testing::Test {
  protected:
    PluginImages() : other_(4, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32) {
        for (std::size_t i = 0; i < other_.samples.size(); ++i)
            other_.samples[i] = static_cast<float>(i / 3) * 0.25F; // 0, 1/4, 1/2, 3/4
        probe_.set("action", "image");
    }
    Probed run(int width, int x, int part_width) {
        return probe_.set("width", std::to_string(width))
            .set("x", std::to_string(x))
            .set("part_width", std::to_string(part_width))
            .run(16, &other_.image);
    }

    Floats other_;
    Probe probe_{"probe-functions"};
};

TEST_F(PluginImages, KeepTheSizeOfTheirOwn) {
    const Probed probed = run(4, 0, 4);
    ASSERT_EQ(MIRRA_OK, probed.status) << probed.complaint;
    EXPECT_EQ("4x1", probed.text("size"));
    EXPECT_EQ(4, probed.integer("configured_width")) << "known when the plugin says what it needs";
    EXPECT_THAT(probed.tensor("part"),
                ElementsAre(0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75));
}

TEST_F(PluginImages, AreBroughtToAnySize) {
    const auto half = run(2, 0, 2).tensor("part");
    ASSERT_EQ(6U, half.size());
    EXPECT_NEAR(0.75, half[0] + half[1], 1e-6) << "symmetric about the middle";
    EXPECT_NEAR(0.375, run(1, 0, 1).tensor("part").at(0), 1e-6) << "the mean";
    const auto twice = run(8, 0, 8).tensor("part");
    EXPECT_NEAR(0.0625, twice.at(1), 1e-6);
}

TEST_F(PluginImages, GoOnBeyondTheirEdges) {
    const auto part = run(4, -2, 8).tensor("part");
    ASSERT_EQ(24U, part.size());
    EXPECT_THAT(std::vector<float>(part.begin(), part.begin() + 8),
                ElementsAre(0, 0, 0, 0.25, 0.5, 0.75, 0.75, 0.75));
}

TEST_F(PluginImages, WhatCannotBeGivenIsRefused) {
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run(0, 0, 4).status);
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run(1 << 21, 0, 4).status);
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run(4, 0, 0).status);
    const Probed none = probe_.run(16);
    EXPECT_EQ(MIRRA_E_NOT_FOUND, none.status);
    EXPECT_THAT(none.complaint, HasSubstr("other"));
}

} // namespace
} // namespace mirra::test

// The inverter's descent over pixels: it descends, is reproducible, shows itself, stops, and keeps to the
// budget.
#include "inverter_support.hpp"

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

class PluginInverterOptimize : public OverRuntimes {
  protected:
    Inverter optimizer(std::int32_t tile_size = 0, std::uint64_t memory_limit = 0) {
        Inverter inverter(engine_, bundle_, tile_size, memory_limit);
        inverter.set("method", "optimize").set("iterations", "30").set("layer", "low");
        return inverter;
    }

    // One for all sessions: each measures anew what memory the runtime took.
    std::shared_ptr<Engine> engine_ = inverter_engine(GetParam());
    Bundle bundle_ = make_inverter();
    std::unique_ptr<Floats> image_ = picture(22, 18);
};
INSTANTIATE_TEST_SUITE_P(Runtimes, PluginInverterOptimize, ::testing::ValuesIn(all_runtimes()), runtime_name);

double real_result(const Inversion &inversion, const char *name) {
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_result_find(inversion.result.get(), name, &value, error));
    return value.type == MIRRA_TYPE_INT ? static_cast<double>(value.integer) : value.real;
}

TEST_P(PluginInverterOptimize, TheLossFallsAndIsReported) {
    const Inversion inversion = optimizer().invert(*image_);
    const auto loss = values_of(tensor_of(inversion.result, "loss"));
    ASSERT_EQ(loss.size(), 30U);
    EXPECT_EQ(real_result(inversion, "iterations"), 30);
    const float best = *std::min_element(loss.begin(), loss.end());
    EXPECT_LT(best, loss.front() / 5);
    EXPECT_NEAR(real_result(inversion, "feature_distance"), std::sqrt(best), 1e-6);
    for (const float value : inversion.picture) {
        ASSERT_GE(value, 0.0F);
        ASSERT_LE(value, 1.0F);
    }
}

TEST_P(PluginInverterOptimize, ThePictureHasTheFeaturesThatWereWanted) {
    const auto image = picture(24, 20); // on the grid: no pixels beyond the picture have a say
    const Inversion wanted = optimizer().set("iterations", "1").invert(*image, {.features_out = true});
    const auto target = values_of(tensor_of(wanted.result, "features_out"));
    Inverter inverter = optimizer();
    const Inversion found = inverter.set("iterations", "100").invert(*image);
    auto made = picture(24, 20);
    made->samples = found.picture;
    const Inversion again = inverter.set("iterations", "1").invert(*made, {.features_out = true});
    const auto features = values_of(tensor_of(again.result, "features_out"));
    double distance = 0, norm = 0;
    for (std::size_t i = 0; i < target.size(); ++i) {
        distance += std::pow(features[i] - target[i], 2);
        norm += std::pow(target[i], 2);
    }
    EXPECT_LT(std::sqrt(distance / norm), 0.15);
    EXPECT_NEAR(std::sqrt(distance / norm), real_result(found, "feature_distance"), 1e-4);
}

TEST_P(PluginInverterOptimize, ASeedGivesTheSamePictureAndAnotherSeedAnother) {
    const auto with_seed = [&](const char *seed) {
        return optimizer().set("iterations", "5").set("seed", seed).invert(*image_).picture;
    };
    EXPECT_EQ(with_seed("1"), with_seed("1"));
    EXPECT_NE(with_seed("1"), with_seed("2"));
}

TEST_P(PluginInverterOptimize, StopsWhenTheLossNoLongerFalls) {
    Inverter inverter = optimizer();
    inverter.set("iterations", "1000").set("patience", "3").set("tolerance", "1");
    EXPECT_EQ(real_result(inverter.invert(*image_), "iterations"), 4) << "no step falls to nothing";
}

TEST_P(PluginInverterOptimize, WorksOnTheSmallestImage) {
    EXPECT_EQ(optimizer().set("layer", "deep").invert(*picture(1, 1)).picture.size(), 3U);
}

TEST_P(PluginInverterOptimize, DescendsToFeaturesThatAreAllZero) {
    Inverter inverter = optimizer();
    const Inversion inversion = inverter.set("channels", "0:0,1:0,2:0,3:0").invert(*image_);
    const auto loss = values_of(tensor_of(inversion.result, "loss"));
    EXPECT_LT(*std::min_element(loss.begin(), loss.end()), loss.front());
}

/// What a progress callback saw, and when it says stop.
struct Seen {
    const Floats *output = nullptr;
    double stop_at = 2;
    std::vector<double> fractions = {};
    std::uint64_t previews = 0;
    std::vector<float> first_preview = {};

    static std::int32_t look(void *user, const mirra_progress *now) {
        Seen &seen = *static_cast<Seen *>(user);
        seen.fractions.push_back(now->fraction);
        if (now->previews == 1 && seen.previews == 0) seen.first_preview = seen.output->samples;
        seen.previews = now->previews;
        return now->fraction >= seen.stop_at ? 1 : 0;
    }
};

TEST_P(PluginInverterOptimize, ReportsEveryStepAndShowsItself) {
    Floats out(22, 18, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Seen seen{.output = &out};
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = &Seen::look;
    options.user = &seen;
    EXPECT_OK(optimizer().run(*image_, out, {.options = &options}, error));
    EXPECT_GE(seen.fractions.size(), 30U);
    EXPECT_TRUE(std::is_sorted(seen.fractions.begin(), seen.fractions.end()));
    EXPECT_EQ(seen.previews, 2U) << "every tenth step but the first";
    ASSERT_EQ(seen.first_preview.size(), out.samples.size());
    EXPECT_GT(largest_difference(seen.first_preview, out.samples), 0);
    EXPECT_LT(largest_difference(seen.first_preview, out.samples), 0.9);
}

TEST_P(PluginInverterOptimize, IsCancelledBetweenSteps) {
    Floats out(22, 18, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Seen seen{.output = &out, .stop_at = 0.5};
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = &Seen::look;
    options.user = &seen;
    EXPECT_STATUS(MIRRA_E_CANCELLED, optimizer().run(*image_, out, {.options = &options}, error));
    EXPECT_LT(seen.fractions.back(), 0.6);
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    mirra_cancel_request(cancel.get());
    MIRRA_STRUCT(mirra_run_options, stopped);
    stopped.cancel = cancel.get();
    EXPECT_STATUS(MIRRA_E_CANCELLED, optimizer().run(*image_, out, {.options = &stopped}, error));
}

TEST_P(PluginInverterOptimize, NeedsTheImageWhole) {
    const mirra_plan plan = optimizer(16).plan(400, 300);
    EXPECT_EQ(plan.tile_count, 1U);
    EXPECT_EQ(plan.tile_width, 400);
    const std::uint64_t needed = optimizer(0, 1).plan(400, 300).required_bytes;
    const auto large = picture(400, 300);
    const std::string said = optimizer(0, needed - 1).refuse(MIRRA_E_BUDGET, *large);
    EXPECT_THAT(said, HasSubstr(std::to_string(needed)));
    EXPECT_THAT(said, HasSubstr("as one tile"));
    optimizer(0, needed).set("iterations", "2").invert(*large);
}

} // namespace
} // namespace mirra::test

// The stylizer: the transform, tiles, prepared styles, weights, masks, colours, degenerate pictures, errors.
#include "stylizer_reference.hpp"
#include "stylizer_support.hpp"

#include "mirra/architectures.hpp"

#include <limits>
#include <set>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr double kClose = 1e-5;
/// Of results whose features went through matrices in fp32.
constexpr double kNear = 2e-4;

class PluginStylizer : public OverRuntimes {};
INSTANTIATE_TEST_SUITE_P(Runtimes, PluginStylizer, ::testing::ValuesIn(all_runtimes()), runtime_name);

struct Extent {
    std::int32_t width, height;
};

/// Colours that go together in a way of their own, of a narrower range than picture().
std::unique_ptr<Floats> style_picture(std::int32_t width, std::int32_t height, double seed = 1) {
    auto out = picture(width, height, seed);
    for (std::size_t i = 0; i < out->samples.size(); i += 3) {
        const float red = out->samples[i], green = out->samples[i + 1];
        out->samples[i] = 0.35F + 0.3F * red;
        out->samples[i + 1] = 0.2F + 0.25F * green + 0.2F * red;
        out->samples[i + 2] = 0.5F - 0.2F * red + 0.1F * green;
    }
    return out;
}

Moments of(const Floats &image) {
    return moments_of(image.samples, kFlatScale);
}

TEST_P(PluginStylizer, TheTransformIsThatOfTheReference) {
    const auto content = picture(37, 23), style = style_picture(19, 31);
    const auto expected = reference_style(content->samples, of(*content), of(*style), kFlatScale);
    const auto result = Stylizer(GetParam(), make_flat_stylizer()).stylize(*content, *style);
    EXPECT_LT(largest_difference(expected, result), kNear);
    EXPECT_GT(largest_difference(content->samples, result), 0.1);
}

/// Colours that have nothing to do with each other.
std::unique_ptr<Floats> noise(std::int32_t width, std::int32_t height) {
    auto out = std::make_unique<Floats>(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(0, 1);
    for (float &value : out->samples) value = uniform(random);
    return out;
}

TEST_P(PluginStylizer, TheResultHasTheStatisticsOfTheStyle) {
    const auto content = noise(37, 23), style = style_picture(19, 31);
    Floats result(37, 23, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    result.samples = Stylizer(GetParam(), make_flat_stylizer()).stylize(*content, *style);
    const Moments wanted = of(*style), got = of(result);
    for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(got.mean[c], wanted.mean[c], 1e-2);
        for (std::size_t k = 0; k < 3; ++k) // but for the identity that is added to both
            EXPECT_NEAR(got.covariance[c][k], wanted.covariance[c][k], 1) << c << k;
    }
}

TEST_P(PluginStylizer, FeaturesAreClampedToTheContentsRange) {
    const auto content = style_picture(37, 23, 0), style = picture(19, 31); // a wider range
    const auto result = Stylizer(GetParam(), make_flat_stylizer()).stylize(*content, *style);
    const auto expected = reference_style(content->samples, of(*content), of(*style), kFlatScale);
    EXPECT_LT(largest_difference(expected, result), kNear);
    const auto [low, high] = std::ranges::minmax_element(content->samples);
    EXPECT_NEAR(*std::ranges::min_element(result), *low, kClose);
    EXPECT_NEAR(*std::ranges::max_element(result), *high, kClose);
}

TEST_P(PluginStylizer, StrengthsBlendFeatures) {
    const auto content = picture(37, 23), style = style_picture(19, 31);
    auto expected = reference_style(content->samples, of(*content), of(*style), kFlatScale);
    for (std::size_t i = 0; i < expected.size(); ++i)
        expected[i] = 0.25F * expected[i] + 0.75F * content->samples[i];
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    EXPECT_LT(largest_difference(expected, stylizer.set("strength", "0.25").stylize(*content, *style)),
              kNear);
    stylizer.set("strength", "0.5").set("levels", "flat:0.5");
    EXPECT_LT(largest_difference(expected, stylizer.stylize(*content, *style)), kNear);
}

TEST_P(PluginStylizer, SeveralStylesAreMixedByTheirWeights) {
    const auto content = picture(37, 23), a = style_picture(19, 31), b = picture(12, 12, 5);
    const auto of_a = reference_style(content->samples, of(*content), of(*a), kFlatScale);
    const auto of_b = reference_style(content->samples, of(*content), of(*b), kFlatScale);
    std::vector<float> expected(of_a.size());
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = 0.75F * of_a[i] + 0.25F * of_b[i];
    const StylePorts both{{{"style", &a->image}, {"style_3", &b->image}}, {}};
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    stylizer.set("weight", "6").set("weight_3", "2");
    EXPECT_LT(largest_difference(expected, stylizer.stylize(*content, both)), kNear);
    stylizer.set("weight", "0");
    EXPECT_LT(largest_difference(of_b, stylizer.stylize(*content, both)), kNear);
}

TEST_P(PluginStylizer, AMaskConfinesAStyleAndItsStatistics) {
    const auto content = picture(40, 24), style = style_picture(19, 31);
    const auto mask = make_mask(40, 24, [](int x, int) { return x < 16 ? 1 : 0; });
    std::vector<double> weights;
    for (const float value : mask->samples) weights.push_back(value);
    const auto inside = reference_style(content->samples, moments_of(content->samples, kFlatScale, weights),
                                        of(*style), kFlatScale);
    auto expected = content->samples;
    for (std::size_t i = 0; i < expected.size(); ++i)
        if (i / 3 % 40 < 16) expected[i] = inside[i];
    const StylePorts given{{{"style", &style->image}, {"mask", &mask->image}}, {}};
    const auto result = Stylizer(GetParam(), make_flat_stylizer()).stylize(*content, given);
    EXPECT_LT(largest_difference(expected, result), kNear);
}

TEST_P(PluginStylizer, WhatNoMaskCoversIsUntouched) {
    const auto content = picture(61, 47), a = style_picture(33, 40), b = picture(25, 25, 4);
    // Of another size than the content: a pixel of the mask is two by two.
    const auto left = make_mask(31, 24, [](int x, int) { return x < 10 ? 1 : 0; });
    const auto right = make_mask(61, 47, [](int x, int) { return x > 40 ? 0.5 : 0; });
    const StylePorts given{
        {{"style", &a->image}, {"mask", &left->image}, {"style_2", &b->image}, {"mask_2", &right->image}},
        {}};
    const auto result = Stylizer(GetParam(), make_stylizer()).stylize(*content, given);
    double changed_left = 0, changed_right = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::size_t x = i / 3 % 61;
        const double change = std::abs(static_cast<double>(result[i]) - content->samples[i]);
        if (x >= 23 && x <= 40) {
            EXPECT_EQ(result[i], content->samples[i]) << "at " << x;
        }
        if (x < 18) changed_left = std::max(changed_left, change);
        if (x > 40) changed_right = std::max(changed_right, change);
    }
    EXPECT_GT(changed_left, 0.05);
    EXPECT_GT(changed_right, 0.05);
}

TEST_P(PluginStylizer, MasksThatAddUpToWhiteLeaveNothingOfTheContent) {
    const auto content = picture(37, 23), style = style_picture(19, 31);
    const auto half = make_mask(37, 23, [](int, int) { return 0.5; });
    const StylePorts twice{{{"style", &style->image},
                            {"mask", &half->image},
                            {"style_2", &style->image},
                            {"mask_2", &half->image}},
                           {}};
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    EXPECT_LT(largest_difference(stylizer.stylize(*content, *style), stylizer.stylize(*content, twice)),
              5e-3);
}

TEST_P(PluginStylizer, WithoutAnyStyleTheContentComesBackAsItIs) {
    const auto content = picture(37, 23), style = style_picture(19, 31);
    const auto black = make_mask(5, 5, [](int, int) { return 0; });
    const StylePorts masked{{{"style", &style->image}, {"mask", &black->image}}, {}};
    const Bundle bundle = make_stylizer();
    for (const std::int32_t tile_size : {0, 24}) {
        EXPECT_EQ(Stylizer(GetParam(), bundle, tile_size).stylize(*content, masked), content->samples);
        Stylizer stylizer(GetParam(), bundle, tile_size);
        EXPECT_EQ(stylizer.set("strength", "0").stylize(*content, *style), content->samples);
        stylizer.set("strength", "1").set("levels", "low:0,deep:0");
        EXPECT_EQ(stylizer.stylize(*content, *style), content->samples);
        stylizer.set("levels", "auto").set("weight", "0");
        EXPECT_EQ(stylizer.stylize(*content, *style), content->samples);
    }
}

TEST_P(PluginStylizer, TilesEqualTheWhole) {
    const Bundle bundle = make_stylizer();
    Stylizer whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    const auto a = style_picture(33, 40), b = picture(25, 25, 4);
    for (const auto &[width, height] : {Extent{1, 1}, {1, 37}, {45, 3}, {61, 47}, {64, 48}}) {
        const auto content = picture(width, height);
        const auto mask = make_mask(width, height, [&](int x, int y) { return 0.5 + 0.5 * std::sin(x * y); });
        const StylePorts plain_style{{{"style", &a->image}}, {}};
        const StylePorts masked{
            {{"style", &a->image}, {"style_2", &b->image}, {"mask", &mask->image}, {"mask_2", &mask->image}},
            {}};
        for (const char *levels : {"deep", "low", "deep,low", "low:0.6,deep:0.8", "deep:1:0.7,low:0.5:0.4",
                                   "deep:1:0.5:1,low:0.7:0.2:0.8"})
            for (const StylePorts *given : {&plain_style, &masked}) {
                for (Stylizer *stylizer : {&whole, &tiled})
                    stylizer->set("levels", levels)
                        .set("preserve_color", given == &masked ? "true" : "false");
                const auto one = whole.stylize(*content, *given), many = tiled.stylize(*content, *given);
                EXPECT_LT(largest_difference(one, many), 1.0 / 255) << levels << width << "x" << height;
                EXPECT_EQ(whole.tiles, 1U);
                EXPECT_EQ(tiled.tiles > 4, width > 60);
            }
    }
}

/// An image going on mirrored by `margin` beyond every side.
std::unique_ptr<Floats> with_margin(const Floats &image, std::int32_t margin) {
    const std::int32_t width = image.image.width, height = image.image.height;
    const auto at = [](std::int32_t i, std::int32_t count) {
        return i < 0 ? -1 - i : i >= count ? 2 * count - 1 - i : i;
    };
    auto out =
        std::make_unique<Floats>(width + 2 * margin, height + 2 * margin, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    for (std::int32_t y = 0; y < height + 2 * margin; ++y)
        for (std::int32_t x = 0; x < width + 2 * margin; ++x)
            std::copy_n(image.samples.begin() + (at(y - margin, height) * width + at(x - margin, width)) * 3,
                        3, out->samples.begin() + (y * (width + 2 * margin) + x) * 3);
    return out;
}

/// Without the margin.
std::vector<float> inner(const std::vector<float> &samples, std::int32_t width, std::int32_t height,
                         std::int32_t margin) {
    std::vector<float> out;
    for (std::int32_t y = 0; y < height; ++y) {
        const auto row = samples.begin() + ((y + margin) * (width + 2 * margin) + margin) * 3;
        out.insert(out.end(), row, row + width * 3);
    }
    return out;
}

TEST_P(PluginStylizer, AMarginIsThePictureMirroredAndCutOff) {
    constexpr std::int32_t kMargin = 16;
    const auto content = picture(48, 32), style = style_picture(33, 40);
    const auto mask = make_mask(48, 32, [](int x, int) { return x < 20 ? 1 : 0.4; });
    const auto large = with_margin(*content, kMargin);
    const Bundle bundle = make_stylizer();
    Stylizer by_hand(GetParam(), bundle);
    const StylePorts given{{{"style", &style->image}}, {}};
    const auto expected = inner(by_hand.stylize(*large, given), 48, 32, kMargin);
    for (const std::int32_t tile : {0, 24}) {
        Stylizer stylizer(GetParam(), bundle, tile);
        stylizer.set("margin", std::to_string(kMargin).c_str());
        EXPECT_LT(largest_difference(expected, stylizer.stylize(*content, given)), 1.0 / 255) << tile;
        EXPECT_EQ(stylizer.tiles > 1, tile > 0);
    }
    Stylizer whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    const StylePorts masked{{{"style", &style->image}, {"mask", &mask->image}}, {}};
    for (Stylizer *stylizer : {&whole, &tiled}) stylizer->set("margin", "13");
    EXPECT_LT(largest_difference(whole.stylize(*content, masked), tiled.stylize(*content, masked)),
              1.0 / 255);
}

TEST_P(PluginStylizer, DetailBringsBackWhatTheNetworksLose) {
    const auto content = picture(48, 32), style = style_picture(33, 40);
    Stylizer stylizer(GetParam(), make_stylizer());
    const auto lossy = stylizer.set("levels", "deep,low").stylize(*content, *content);
    EXPECT_GT(largest_difference(lossy, content->samples), 0.05);
    const auto whole = stylizer.set("levels", "deep:1:1,low:1:1").stylize(*content, *content);
    EXPECT_LT(largest_difference(whole, content->samples), 2e-3); // its own style changes nothing
    const auto styled = stylizer.stylize(*content, *style);
    EXPECT_GT(largest_difference(styled, content->samples), 0.05);
    EXPECT_EQ(stylizer.set("detail", "0").stylize(*content, *content), lossy);
}

/// The largest difference of a result to the reference, in the middles of cells of an odd side.
double off_reference(const GuidedFilter &filter, const std::vector<float> &result) {
    double worst = 0;
    for (std::int32_t y = filter.cell / 2; y < filter.height; y += filter.cell)
        for (std::int32_t x = filter.cell / 2; x < filter.width; x += filter.cell)
            for (std::size_t c = 0; c < 3; ++c)
                worst = std::max(worst, std::abs(filter.at(x, y, c) - result[filter.pixel(x, y) + c]));
    return worst;
}

/// A feature a pixel, and squares of six pixels, whose picture is no function of the guide.
TEST_P(PluginStylizer, EdgesAreThoseOfTheGuidedFilter) {
    const auto content = picture(72, 48), style = style_picture(33, 40);
    for (const auto &[stride, cell] : {std::pair(1, 1), {6, 3}}) {
        const Bundle bundle = make_flat_stylizer(stride);
        Stylizer stylizer(GetParam(), bundle), tiled(GetParam(), bundle, 24);
        const auto plain = stylizer.set("levels", "flat:1:0:0").stylize(*content, *style);
        const auto held = stylizer.set("levels", "flat:1:0:1").stylize(*content, *style);
        EXPECT_LT(off_reference({72, 48, content->samples, plain, cell}, held), 1e-5) << stride;
        EXPECT_GT(largest_difference(plain, held), 0.005) << stride;
        EXPECT_LT(largest_difference(tiled.set("levels", "flat:1:0:1").stylize(*content, *style), held),
                  kNear);
        EXPECT_GT(tiled.tiles, 1U);
        EXPECT_EQ(stylizer.set("edges", "0").stylize(*content, *style), plain);
    }
}

TEST_P(PluginStylizer, EdgesCountVisiblePixelsAlone) {
    const auto shown = picture(72, 24), style = style_picture(33, 40);
    Floats in(72, 24, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    std::vector<double> alpha;
    for (std::size_t i = 0; i < 72 * 24; ++i) {
        const auto x = i % 72;
        alpha.push_back(x < 20 ? 1 : x < 28 ? 0.5 : x < 32 ? 0.004 : 0);
        for (std::size_t c = 0; c < 3; ++c) in.samples[4 * i + c] = shown->samples[3 * i + c];
        in.samples[4 * i + 3] = static_cast<float>(alpha.back());
    }
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    const auto plain = stylizer.set("levels", "flat:1:0:0").stylize(in, *style);
    const auto held = stylizer.set("levels", "flat:1:0:1").stylize(in, *style);
    const GuidedFilter filter{72, 24, shown->samples, plain, 1, alpha};
    double worst = 0, beyond = 0;
    for (std::int32_t y = 0; y < 24; ++y)
        for (std::int32_t x = 0; x < 72; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                const auto at = filter.pixel(x, y) + c;
                if (x < 32) worst = std::max(worst, std::abs(filter.at(x, y, c) - held[at]));
                if (x >= 32 + 12) beyond = std::max(beyond, std::abs(double{held[at]} - plain[at]));
            }
    EXPECT_LT(worst, 1e-5);
    EXPECT_LT(beyond, 1e-6) << "no window sees anything there: the picture stays";
}

TEST_P(PluginStylizer, EdgesOfEveryLevelAreWorkedOnInTheirTurn) {
    const auto content = picture(64, 48), style = style_picture(33, 40);
    const Bundle bundle = make_stylizer();
    Stylizer whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    std::set<std::vector<float>> seen;
    for (const char *levels : {"deep:1:0:0,low:1:0:0", "deep:1:0:1,low:1:0:0", "deep:1:0:0,low:1:0:1",
                               "deep:1:0.5:1,low:1:0.2:0.7"}) {
        const auto at_once = whole.set("levels", levels).stylize(*content, *style);
        EXPECT_LT(largest_difference(at_once, tiled.set("levels", levels).stylize(*content, *style)),
                  1.0 / 255)
            << levels;
        EXPECT_TRUE(seen.insert(at_once).second) << levels << " changes nothing";
    }
}

TEST_P(PluginStylizer, APreparedStyleIsTheStyle) {
    const Bundle bundle = make_stylizer();
    const auto content = picture(45, 37), style = style_picture(33, 40);
    for (const char *scale : {"1", "0.5", "2.3"}) {
        Stylizer stylizer(GetParam(), bundle);
        const auto direct = stylizer.set("style_scale", scale).stylize(*content, *style);
        const auto prepared =
            as_tensor(Preparer(GetParam(), bundle).set("style_scale", scale).prepare(*style));
        const auto by_tensor = stylizer.stylize(*content, StylePorts{{}, {{"statistics", prepared->get()}}});
        EXPECT_LT(largest_difference(direct, by_tensor), kClose) << scale;
        const auto other = stylizer.set("style_scale", "1.7").stylize(*content, *style);
        EXPECT_GT(largest_difference(direct, other), kClose) << scale;
    }
}

/// {channels, count} of a layer, by the task "invert".
std::vector<float> features_of(const char *runtime, const std::map<std::string, graph::Graph> &graphs,
                               const char *layer, const Floats &image) {
    Inverter inverter(runtime, make_inverter({.graphs = graphs}));
    const Inversion inversion = inverter.set("layer", layer).invert(image, {.features_out = true});
    return values_of(tensor_of(inversion.result, "features_out"));
}

/// A large style is encoded in blocks, whose features must be those of the whole.
TEST_P(PluginStylizer, StatisticsOfALargeStyleAreThoseOfItsFeatures) {
    const StylizerKind kind;
    const auto style = picture(1702, 13);
    const auto features = features_of(GetParam(), kind.graphs, "deep", *style);
    const std::size_t count = features.size() / kDeepChannels;
    ASSERT_EQ(count, 426U * 4U);
    Preparer preparer(GetParam(), make_stylizer(kind));
    const auto packed = preparer.set("levels", "deep").prepare(*style);
    // Mark, version, levels; the name's length and its characters; channels; fingerprint, mean, covariance.
    const std::size_t mean = 3 + 1 + 4 + 1 + kDeepChannels;
    ASSERT_EQ(packed.size(), mean + kDeepChannels + kDeepChannels * (kDeepChannels + 1) / 2);
    const auto mean_of = [&](std::size_t c) {
        return std::accumulate(features.begin() + static_cast<std::ptrdiff_t>(c * count),
                               features.begin() + static_cast<std::ptrdiff_t>((c + 1) * count), 0.0) /
               static_cast<double>(count);
    };
    auto covariance = packed.begin() + static_cast<std::ptrdiff_t>(mean + kDeepChannels);
    for (std::size_t c = 0; c < kDeepChannels; ++c) {
        EXPECT_NEAR(packed[mean + c], mean_of(c), kClose);
        for (std::size_t k = 0; k <= c; ++k, ++covariance) {
            double sum = 0;
            for (std::size_t i = 0; i < count; ++i)
                sum += (features[c * count + i] - mean_of(c)) * (features[k * count + i] - mean_of(k));
            EXPECT_NEAR(*covariance, sum / static_cast<double>(count - 1), kClose) << c << k;
        }
    }
}

TEST_P(PluginStylizer, LevelsWithoutStrengthAreLeftOut) {
    const auto content = picture(45, 37), style = style_picture(33, 40);
    Stylizer stylizer(GetParam(), make_stylizer());
    const auto low = stylizer.set("levels", "low").stylize(*content, *style);
    EXPECT_EQ(low, stylizer.set("levels", "deep:0,low:1").stylize(*content, *style));
    const auto both = stylizer.set("levels", "deep,low").stylize(*content, *style);
    EXPECT_EQ(both, stylizer.set("levels", "auto").stylize(*content, *style));
    EXPECT_GT(largest_difference(low, both), 1e-3);
    EXPECT_GT(largest_difference(both, stylizer.set("levels", "low,deep").stylize(*content, *style)), 1e-3);
}

TEST_P(PluginStylizer, ABundleWithoutAListHasItsLevelsFromCoarseToFine) {
    const auto content = picture(45, 37), style = style_picture(33, 40);
    Stylizer stylizer(GetParam(), make_stylizer({.defaults = "{}"}));
    EXPECT_EQ(stylizer.stylize(*content, *style),
              stylizer.set("levels", "deep,low").stylize(*content, *style));
}

TEST_P(PluginStylizer, PreservedColoursAreTheContentsAndTheLuminanceIsTheResults) {
    auto content = picture(45, 37);
    for (float &value : content->samples) value = 0.4F + 0.2F * value; // so that nothing is clamped
    const auto style = style_picture(33, 40);
    Stylizer stylizer(GetParam(), make_stylizer());
    const auto plain_result = stylizer.stylize(*content, *style);
    const auto result = stylizer.set("preserve_color", "true").stylize(*content, *style);
    const auto luminance = [](const std::vector<float> &pixels, std::size_t i) {
        return 0.2126 * pixels[i] + 0.7152 * pixels[i + 1] + 0.0722 * pixels[i + 2];
    };
    std::size_t inside = 0;
    for (std::size_t i = 0; i < result.size(); i += 3) {
        const auto [low, high] = std::minmax({result[i], result[i + 1], result[i + 2]});
        if (low <= 0 || high >= 1) continue;
        ++inside;
        EXPECT_NEAR(luminance(result, i), luminance(plain_result, i), kClose);
        for (const std::size_t c : {1U, 2U})
            EXPECT_NEAR(result[i + c] - result[i], content->samples[i + c] - content->samples[i], kClose);
    }
    EXPECT_GT(inside, result.size() / 6);
    EXPECT_GT(largest_difference(result, plain_result), 1e-2);
}

TEST_P(PluginStylizer, DegeneratePicturesGiveSensibleOnes) {
    const auto content = picture(33, 29), gray = plain(33, 29, 0.5F, 0.5F, 0.5F), dot = plain(1, 1, 1, 0, 0),
               flat = plain(40, 40, 0.2F, 0.7F, 0.1F), tiny = picture(1, 2), style = style_picture(33, 40);
    const auto spot = make_mask(33, 29, [](int x, int y) { return x == 20 && y == 11 ? 1 : 0; });
    const Bundle deep = make_stylizer(), identity = make_flat_stylizer();
    const auto run = [&](const Bundle &bundle, const Floats &in, const Floats &from, bool masked) {
        StylePorts given{{{"style", &from.image}}, {}};
        if (masked) given.images.emplace_back("mask", &spot->image);
        return Stylizer(GetParam(), bundle).stylize(in, given);
    };
    // What is no number is written as 0, which neither a sigmoid gives nor a clamp to the content's range.
    for (const Floats *in : {content.get(), gray.get(), dot.get(), tiny.get()})
        for (const Floats *from : {style.get(), dot.get(), flat.get(), tiny.get(), gray.get()}) {
            const auto [low, high] = std::ranges::minmax(in->samples);
            EXPECT_GT(std::ranges::min(run(deep, *in, *from, false)), 0);
            for (const bool masked : {false, true}) {
                const auto [least, most] = std::ranges::minmax(run(identity, *in, *from, masked));
                EXPECT_GE(least, low - kClose);
                EXPECT_LE(most, high + kClose);
            }
            const float corner = run(deep, *in, *from, true).front();
            if (in->image.width == spot->image.width) {
                EXPECT_EQ(corner, in->samples.front()) << "not covered";
            }
        }
}

TEST_P(PluginStylizer, EpsilonIsAShareOfTheMeanVariance) {
    const auto content = picture(37, 23), style = style_picture(19, 31);
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    for (const double epsilon : {0.01, 0.5}) {
        const auto expected =
            reference_style(content->samples, of(*content), of(*style), kFlatScale, epsilon);
        const auto result =
            stylizer.set("epsilon", std::to_string(epsilon).c_str()).stylize(*content, *style);
        EXPECT_LT(largest_difference(expected, result), kNear) << epsilon;
    }
}

TEST_P(PluginStylizer, PicturesOfOneColourBearAnyEpsilon) {
    const auto content = picture(33, 29), flat = plain(40, 40, 0.3F, 0.6F, 0.4F);
    Stylizer stylizer(GetParam(), make_flat_stylizer());
    stylizer.set("epsilon", "1e-6");
    const auto styled = stylizer.stylize(*content, *flat);
    for (std::size_t i = 0; i < styled.size(); ++i) EXPECT_NEAR(styled[i], flat->samples[i % 3], 1e-2);
    const auto even = stylizer.stylize(*flat, *content);
    for (const float value : even) { // clamped to what the content's features had
        EXPECT_GE(value, 0.3F - 1e-4F);
        EXPECT_LE(value, 0.6F + 1e-4F);
    }
}

TEST_P(PluginStylizer, AFlatStyleGivesItsColour) {
    const auto content = picture(33, 29), flat = plain(40, 40, 0.3F, 0.6F, 0.4F);
    const auto result = Stylizer(GetParam(), make_flat_stylizer()).stylize(*content, *flat);
    for (std::size_t i = 0; i < result.size(); ++i) // but for the identity, which leaves a deviation of one
        EXPECT_NEAR(result[i], flat->samples[i % 3], 4 / kFlatScale);
}

TEST_P(PluginStylizer, StylesThatDoNotGoTogetherAreRefused) {
    const Bundle bundle = make_stylizer();
    const auto style = style_picture(20, 20);
    const auto prepared = as_tensor(Preparer(GetParam(), bundle).prepare(*style));
    Stylizer stylizer(GetParam(), bundle);
    EXPECT_THAT(stylizer.refuse(MIRRA_E_INVALID_ARGUMENT, {}), HasSubstr("no style was given | style |"));
    EXPECT_THAT(stylizer.refuse(MIRRA_E_INVALID_ARGUMENT,
                                {{{"style_2", &style->image}}, {{"statistics_2", prepared->get()}}}),
                HasSubstr("Give one of 'style_2' and 'statistics_2'"));
    EXPECT_THAT(stylizer.refuse(MIRRA_E_INVALID_ARGUMENT,
                                {{{"style", &style->image}, {"mask_3", &style->image}}, {}}),
                HasSubstr("a mask was given without its style | mask_3 |"));
}

TEST_P(PluginStylizer, BadLevelsAreRefused) {
    Stylizer stylizer(GetParam(), make_stylizer());
    const auto style = style_picture(20, 20);
    const StylePorts given{{{"style", &style->image}}, {}};
    for (const char *text : {"low:", "low:x", "low:2", "low:-1", "low:nan", "low,", "low,low", "low:0.5:2",
                             "low:0.5:", "low:0.5:1:2", "low:0.5:1:", "low:0.5:1:1:1", ","})
        EXPECT_THAT(stylizer.set("levels", text).refuse(MIRRA_E_INVALID_ARGUMENT, given),
                    HasSubstr("conv5:0.8:0.5:1,conv2"))
            << text;
    for (const char *text : {"conv9", "deep,conv9", " low", "deep,,low"})
        EXPECT_THAT(stylizer.set("levels", text).refuse(MIRRA_E_NOT_FOUND, given), HasSubstr("deep, low"))
            << text;
}

TEST_P(PluginStylizer, APreparedStyleOfAnotherBundleIsRefused) {
    const auto style = style_picture(20, 20);
    const auto other = as_tensor(Preparer(GetParam(), make_stylizer({.seed = 4})).prepare(*style));
    const Bundle bundle = make_stylizer();
    Stylizer stylizer(GetParam(), bundle);
    EXPECT_THAT(stylizer.refuse(MIRRA_E_MISMATCH, {{}, {{"statistics", other->get()}}}),
                HasSubstr("another encoder | statistics |"));
    const auto one_level = as_tensor(Preparer(GetParam(), bundle).set("levels", "low").prepare(*style));
    const StylePorts given{{}, {{"statistics_2", one_level->get()}}};
    EXPECT_THAT(stylizer.refuse(MIRRA_E_MISMATCH, given),
                HasSubstr("without the level 'deep' | statistics_2 |"));
    stylizer.set("levels", "low").stylize(*picture(9, 9), given);
}

TEST_P(PluginStylizer, WhatIsNoPreparedStyleIsRefused) {
    const Bundle bundle = make_stylizer();
    const auto good = Preparer(GetParam(), bundle).prepare(*style_picture(20, 20));
    Stylizer stylizer(GetParam(), bundle);
    const auto refused = [&](const std::vector<float> &values, mirra_status status) {
        const auto tensor = as_tensor(values);
        return stylizer.refuse(status, {{}, {{"statistics", tensor->get()}}});
    };
    for (const std::size_t place : {0U, 1U, 2U, 3U, 4U, 8U}) { // mark, version, counts, a character
        auto bad = good;
        bad[place] = -7.5F;
        EXPECT_THAT(refused(bad, MIRRA_E_MISMATCH), HasSubstr("no prepared style")) << place;
        bad[place] = std::numeric_limits<float>::quiet_NaN();
        EXPECT_THAT(refused(bad, MIRRA_E_INVALID_ARGUMENT), HasSubstr("no finite numbers")) << place;
    }
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, good.size() / 2, good.size() - 1})
        EXPECT_THAT(
            refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}, MIRRA_E_MISMATCH),
            HasSubstr("ends too early"))
            << size;
    auto overflowing = good;
    overflowing.back() = std::numeric_limits<float>::max(); // a variance
    EXPECT_THAT(refused(overflowing, MIRRA_E_INVALID_ARGUMENT), HasSubstr("larger than any features'"));
    auto longer = good;
    longer.push_back(1);
    EXPECT_THAT(refused(longer, MIRRA_E_MISMATCH), HasSubstr("behind its end"));
    Values matrix({1, static_cast<std::int64_t>(good.size())}, good);
    EXPECT_THAT(stylizer.refuse(MIRRA_E_MISMATCH, {{}, {{"statistics", matrix.get()}}}),
                HasSubstr("a tensor {N}"));
}

void expect_refused(const char *runtime, const Bundle &bundle, const char *task, mirra_status status,
                    const char *text) {
    const auto engine = inverter_engine(runtime);
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.bundle = bundle.get();
    Session session;
    Failure failure;
    EXPECT_STREQ(mirra_status_name(status), mirra_status_name(mirra_session_create(
                                                engine->get(), &options, session.out(), failure.out())));
    EXPECT_THAT(message(failure), HasSubstr(text));
}

TEST_P(PluginStylizer, ABundleForSomethingElseIsRefused) {
    expect_refused(GetParam(), make_stylizer({.task = "denoise"}), "stylize", MIRRA_E_MISMATCH,
                   "is for the task 'denoise', not 'stylize'");
    expect_refused(GetParam(), make_inverter(), "style-prepare", MIRRA_E_MISMATCH,
                   "is for the task 'invert', not 'style-prepare'");
    expect_refused(GetParam(), make_stylizer({.task = ""}), "stylize", MIRRA_E_MISMATCH,
                   "is for no task, not 'stylize'");
    StylizerKind crossed;
    crossed.graphs["generator-low"] = crossed.graphs.at("generator-deep");
    crossed.graphs["generator-low"].name = "generator-low";
    expect_refused(GetParam(), make_stylizer(crossed), "stylize", MIRRA_E_MISMATCH,
                   "does not take the features");
}

/// A level whose features lie `stride` pixels apart.
void add_level(StylizerKind &kind, const std::string &layer, std::int64_t stride) {
    const auto encode_coarsely = [&](graph::Builder &b, const std::string &image) {
        return b.conv2d(image, {3, 2, 1, stride, 0}, layer + ".in");
    };
    const auto enlarge = [&](graph::Builder &b, const std::string &x) {
        return b.conv2d(b.upsample_nearest(x, stride), {2, 3, 1, 1, 0}, layer + ".out");
    };
    graph::Builder encoder("encoder-" + layer), generator("generator-" + layer), both("autoencoder-" + layer);
    encoder.output("features", encode_coarsely(encoder, encoder.input("image", 3)));
    generator.output("image", enlarge(generator, generator.input("features", 2)));
    both.output("image", enlarge(both, encode_coarsely(both, both.input("image", 3))));
    for (const graph::Builder *graph : {&encoder, &generator, &both})
        kind.graphs[graph->finish().name] = graph->finish();
}

TEST_P(PluginStylizer, LevelsWithoutACommonGridAreRefused) {
    StylizerKind kind{.graphs = {}, .defaults = "{}"};
    for (const std::int64_t stride : {59, 61}) add_level(kind, std::to_string(stride), stride);
    Stylizer(GetParam(), make_stylizer(kind)).plan(10, 10);
    add_level(kind, "63", 63);
    for (const char *task : {"stylize", "style-prepare"})
        expect_refused(GetParam(), make_stylizer(kind), task, MIRRA_E_MISMATCH, "no size of pictures");
}

TEST_P(PluginStylizer, ARunKeepsToTheMemoryThatThePlanNames) {
    const Bundle bundle = make_stylizer();
    const auto content = picture(301, 203), style = style_picture(33, 40);
    const auto engine = inverter_engine(GetParam()); // one, since each measures the runtime anew
    for (const char *levels : {"auto", "deep:1:0.5:1,low:1:0:1"}) {
        const auto make = [&](std::uint64_t limit) {
            Stylizer out(engine, bundle, 0, limit);
            out.set("levels", levels);
            return out;
        };
        const mirra_plan free = make(0).plan(301, 203);
        ASSERT_GT(free.required_bytes, 0U);
        Stylizer tight = make(free.required_bytes);
        const auto result = tight.stylize(*content, *style);
        EXPECT_GT(tight.tiles, 1U);
        EXPECT_LT(largest_difference(result, make(0).stylize(*content, *style)), 1.0 / 255);
        Floats out(301, 203, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Failure failure;
        Stylizer none = make(free.required_bytes - 1);
        EXPECT_EQ(MIRRA_E_BUDGET, none.run(*content, out, {{{"style", &style->image}}, {}}, failure.out()));
        EXPECT_THAT(message(failure), HasSubstr("memory_limit"));
    }
}

/// What the plugin itself holds is in no arena that could be measured.
TEST_P(PluginStylizer, ThePlanCountsEdges) {
    const Bundle bundle = make_flat_stylizer(6);
    Stylizer stylizer(GetParam(), bundle);
    const auto without = stylizer.set("levels", "flat:1:0:0").plan(300, 300).required_bytes;
    const auto with = stylizer.set("levels", "flat:1:0:1").plan(300, 300).required_bytes;
    constexpr std::uint64_t kPixels = 300 * 300, kPictures = 2, kPlanes = 39;
    EXPECT_GE(with - without,
              kPixels * kPictures * 3 * sizeof(float) + kPixels / 9 * kPlanes * sizeof(float));
}

/// The published networks' three levels.
StylizerKind alexnet_stylizer() {
    StylizerKind kind{.graphs = {}, .defaults = R"({"levels": "conv5,conv2,conv1"})"};
    const auto encoder = graph::alexnet_encoder(graph::InputTransform::mean_std);
    kind.graphs["encoder"] = encoder;
    for (const std::string layer : {"conv1", "conv2", "conv5"}) {
        auto generator = graph::generator(encoder, layer, {});
        for (auto &node : generator.nodes)
            for (auto &[role, name] : node.weights)
                if (name.starts_with("generator.")) name.insert(9, "-" + layer);
        kind.graphs["encoder-" + layer] = graph::part_of(encoder, layer, "features");
        kind.graphs["encoder-" + layer].name = "encoder-" + layer;
        kind.graphs["generator-" + layer] = generator;
        kind.graphs["autoencoder-" + layer] = graph::autoencoder(encoder, layer, generator);
    }
    return kind;
}

TEST_P(PluginStylizer, LargeImagesFitIntoAGigabyte) {
    Stylizer stylizer(GetParam(), make_stylizer(alexnet_stylizer()), 0, std::uint64_t{1} << 30);
    for (const auto &[width, height] : {Extent{1, 1}, {512, 512}, {2040, 1536}, {5000, 4000}}) {
        const mirra_plan plan = stylizer.plan(width, height);
        EXPECT_EQ(plan.fits, 1) << width << " needs " << plan.required_bytes;
        EXPECT_EQ(plan.alignment, 32);
    }
}

#ifdef MIRRA_TEST_REAL_RUNTIME
TEST(PluginStylizerAlexNet, TilesEqualTheWhole) {
    const Bundle bundle = make_stylizer(alexnet_stylizer());
    const auto content = picture(630, 61), style = style_picture(200, 70);
    Stylizer whole(MIRRA_TEST_REAL_RUNTIME, bundle), tiled(MIRRA_TEST_REAL_RUNTIME, bundle, 416);
    const auto one = whole.stylize(*content, *style), many = tiled.stylize(*content, *style);
    EXPECT_EQ(whole.tiles, 1U);
    EXPECT_GT(tiled.tiles, 3U);
    EXPECT_LT(largest_difference(one, many), 2.0 / 255);
    EXPECT_GT(largest_difference(one, content->samples), 0.05);
}
#endif

} // namespace
} // namespace mirra::test

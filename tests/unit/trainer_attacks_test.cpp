// The attacks against classifiers whose nearest adversarial images are known in closed form, and against a
// small convolutional network.
#include "attacks/autoattack.hpp"
#include "attacks/fab.hpp"
#include "attacks/gradient_attacks.hpp"
#include "attacks/square.hpp"
#include "core/progress.hpp"
#include "core/random.hpp"
#include "eval/classifier.hpp"
#include "eval/robustness.hpp"
#include "mirra/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <csignal>

namespace {

using namespace mirra;
using namespace mirra::trainer;

constexpr std::int64_t kExtent = 8;

torch::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return torch::randn(shape, generator);
}

/// Grey enough for perturbations of a tenth not to meet 0 or 1.
torch::Tensor pictures(std::int64_t count, double contrast = 0.05) {
    return (0.5 + contrast * random({count, 3, kExtent, kExtent}, 7)).clamp_(0, 1);
}

/// logits = W x: the distance to the class j is (z_y - z_j) / |w_y - w_j| in the dual norm.
struct Linear {
    explicit Linear(std::int64_t classes) : weights(random({classes, 3 * kExtent * kExtent}, 11)) {}
    [[nodiscard]] Classifier classifier() const {
        return [w = weights](const torch::Tensor &images) { return images.flatten(1).matmul(w.t()); };
    }
    [[nodiscard]] torch::Tensor distances(const torch::Tensor &images, Norm norm) const {
        const auto logits = classifier()(images);
        const auto own = logits.argmax(1, true);
        const auto gaps = logits.gather(1, own) - logits;
        const auto steepness =
            (weights.index({own}) - weights.unsqueeze(0)).norm(norm == Norm::l2 ? 2 : 1, at::IntArrayRef{2});
        return std::get<0>((gaps / steepness).scatter(1, own, 1e9).min(1));
    }
    torch::Tensor weights;
};

Classifier convolutional() {
    return [first = random({8, 3, 3, 3}, 1), second = random({8, 8, 3, 3}, 2) / 4,
            head = random({5, 8}, 3)](const torch::Tensor &images) {
        const auto features =
            torch::conv2d(torch::conv2d(images, first, {}, 1, 1).relu(), second, {}, 2).relu();
        return features.mean({2, 3}).matmul(head.t());
    };
}

torch::Tensor labels_of(const Classifier &classifier, const torch::Tensor &images) {
    return classifier(images).argmax(1);
}

double middle(const torch::Tensor &values) {
    return values.median().item<double>();
}

testing::AssertionResult within(const torch::Tensor &found, const torch::Tensor &images,
                                const Budget &budget) {
    const auto distance = norms(found - images, budget.norm).max().item<double>();
    if (distance > budget.epsilon + 1e-6) return testing::AssertionFailure() << "norm " << distance;
    if (found.min().item<double>() < 0 || found.max().item<double>() > 1)
        return testing::AssertionFailure() << "leaves [0, 1]";
    return testing::AssertionSuccess();
}

/// The tensors are small: waking threads for them takes most of the time.
class OneThread : public testing::Test {
  protected:
    OneThread() { torch::set_num_threads(1); }
};
using AttackNoise = OneThread;
using AutoAttack = OneThread;
using Dlr = OneThread;
using Gairat = OneThread;
using Pgd = OneThread;
using Square = OneThread;

class BothNorms : public OneThread, public testing::WithParamInterface<Norm> {
  protected:
    [[nodiscard]] Budget budget(double l2, double linf) const {
        return {GetParam(), GetParam() == Norm::l2 ? l2 : linf};
    }
    /// Every attack that has a budget to keep.
    [[nodiscard]] std::vector<Attack> all(const Budget &limit) const {
        std::vector<Attack> out = {
            pgd_attack({.budget = limit, .step_size = limit.epsilon / 3, .random_start = true}),
            {"fgsm-rs",
             [limit](const auto &classifier, const auto &images, const auto &labels, const auto &randomness) {
                 return pgd(classifier, images, labels, fgsm_rs(limit), randomness);
             }}};
        for (const auto *name : {"apgd-ce", "apgd-dlr", "apgd-t"})
            out.push_back(attacks_of_name(name, limit).front());
        out.push_back({"square", [limit](const auto &classifier, const auto &images, const auto &labels,
                                         const auto &randomness) {
                           return square(classifier, images, labels, {limit, 100}, randomness);
                       }});
        return out;
    }
};
INSTANTIATE_TEST_SUITE_P(Attacks, BothNorms, testing::Values(Norm::l2, Norm::linf),
                         [](const auto &test) { return test.param == Norm::l2 ? "l2" : "linf"; });

TEST_F(AttackNoise, HasTheBitsOfTheCounterRandom) {
    const auto images = pictures(2);
    const ImageNoise noise({42, torch::tensor({5, 9}, at::kLong)}, images);
    const auto drawn = noise.uniform(3, 2);
    CounterRandom random(42, 0, 9);
    for (int skip = 0; skip < 3; ++skip) random.bits();
    EXPECT_EQ(drawn[1][0].item<float>(), static_cast<float>(random.bits() >> 40) * 0x1.0p-24F);
    EXPECT_EQ(drawn[1][1].item<float>(), static_cast<float>(random.bits() >> 40) * 0x1.0p-24F);
}

TEST_F(AttackNoise, IsUniformAndNormal) {
    const ImageNoise noise(3, pictures(4));
    const auto uniform = noise.uniform(0, 50000), normal = noise.normal(0, 50000);
    EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.005);
    EXPECT_NEAR(uniform.var().item<double>(), 1.0 / 12, 0.002);
    EXPECT_NEAR(normal.mean().item<double>(), 0, 0.01);
    EXPECT_NEAR(normal.var().item<double>(), 1, 0.02);
    EXPECT_NEAR(normal.pow(4).mean().item<double>(), 3, 0.1);
    EXPECT_NEAR((normal[0] * normal[1]).mean().item<double>(), 0, 0.02);
}

TEST_P(BothNorms, NoAttackLeavesItsBudgetOrTheBox) {
    const auto classifier = convolutional();
    const auto images = pictures(12, 0.6); // many pixels at 0 and 1
    const auto labels = labels_of(classifier, images);
    for (const double scale : {0.1, 1.0, 10.0}) {
        const auto limit = budget(0.3 * scale, 0.02 * scale);
        for (const auto &attack : all(limit))
            EXPECT_TRUE(within(attack.run(classifier, images, labels, 5), images, limit))
                << attack.name << " at " << limit.epsilon;
    }
}

TEST_P(BothNorms, PgdReachesTheOptimumOfALinearClassifier) {
    const Linear linear(2);
    const auto images = pictures(20);
    const auto labels = labels_of(linear.classifier(), images);
    const auto limit = budget(0.2, 0.01);
    const auto found =
        pgd(linear.classifier(), images, labels, {.budget = limit, .step_size = limit.epsilon}, 0);
    const auto steepness = (linear.weights[0] - linear.weights[1]).norm(GetParam() == Norm::l2 ? 2 : 1);
    const auto expected = margin(linear.classifier()(images), labels) - limit.epsilon * steepness;
    EXPECT_TRUE(margin(linear.classifier()(found), labels).allclose(expected, 1e-4, 1e-4));
}

TEST_P(BothNorms, PgdCountsTheStepsToFool) {
    const Linear linear(2);
    const auto images = pictures(20);
    const auto labels = labels_of(linear.classifier(), images);
    const auto distances = linear.distances(images, GetParam());
    const double step = middle(distances) / 3.5;
    constexpr int kSteps = 6;
    const PgdOptions options{{GetParam(), 1}, kSteps, step, false, false};
    PgdTrace trace;
    pgd(linear.classifier(), images, labels, options, 0, &trace);
    EXPECT_TRUE(trace.steps_to_fool.equal((distances / step).ceil().clamp(0, kSteps).to(at::kLong)));
    EXPECT_EQ(trace.losses.sizes(), (std::vector<std::int64_t>{kSteps, 20}));
    EXPECT_TRUE((trace.losses[kSteps - 1] > trace.losses[0]).all().item<bool>());
}

TEST_P(BothNorms, PgdKeepsTheBestIterateAndReachesTargets) {
    const auto classifier = convolutional();
    const auto images = pictures(16);
    const auto labels = labels_of(classifier, images);
    PgdOptions options{budget(0.5, 0.03), 4, 2 * budget(0.5, 0.03).epsilon}; // steps that overshoot
    PgdTrace trace;
    const auto best = pgd(classifier, images, labels, options, 0, &trace);
    EXPECT_TRUE(
        cross_entropy(classifier(best), labels).allclose(std::get<0>(trace.losses.max(0)), 1e-4, 1e-5));
    EXPECT_EQ(trace.losses.size(0), 5);
    options.targeted = true;
    const auto targets = (labels + 1).remainder(5);
    const auto reached = pgd(classifier, images, targets, options, 0, &trace);
    EXPECT_TRUE(
        (cross_entropy(classifier(reached), targets) <= cross_entropy(classifier(images), targets) + 1e-5)
            .all()
            .item<bool>());
    EXPECT_TRUE((trace.steps_to_fool > 0).all().item<bool>());
}

TEST_P(BothNorms, FgsmStepsOnceFromARandomStart) {
    const Linear linear(2);
    const auto images = pictures(6);
    const auto labels = labels_of(linear.classifier(), images);
    const auto limit = budget(0.2, 0.01);
    const auto uphill = (linear.weights[1] - linear.weights[0]).view({1, 3, kExtent, kExtent});
    const auto direction =
        ascent(torch::where(labels.eq(0).view({-1, 1, 1, 1}), uphill, -uphill), GetParam(), 0);
    const auto start = random_start(images, limit, 3);
    EXPECT_NEAR(norms(start - images, GetParam()).min().item<double>(), limit.epsilon, 1e-6);
    const auto expected = project(start + 1.25 * limit.epsilon * direction, images, limit);
    EXPECT_TRUE(pgd(linear.classifier(), images, labels, fgsm_rs(limit), 3).allclose(expected, 1e-4, 1e-6));
}

TEST_F(Pgd, LeavesWeightsAndMemoryFormatAlone) {
    const auto weights = random({4, 3, 3, 3}, 1).requires_grad_();
    const Classifier classifier = [&](const torch::Tensor &x) {
        return torch::conv2d(x, weights).mean({2, 3});
    };
    const auto images = pictures(4).contiguous(at::MemoryFormat::ChannelsLast);
    const auto before = images.clone();
    const auto found = pgd(classifier, images, torch::zeros({4}, at::kLong), {.budget = {Norm::l2, 1}}, 0);
    EXPECT_FALSE(weights.grad().defined());
    EXPECT_FALSE(found.requires_grad());
    EXPECT_TRUE(found.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(images.equal(before));
}

TEST_P(BothNorms, ApgdClimbsHigherThanPgd) {
    const auto classifier = convolutional();
    const auto images = pictures(24, 0.2);
    const auto labels = labels_of(classifier, images);
    const auto limit = budget(0.02, 0.002);
    const auto by_pgd =
        pgd(classifier, images, labels, {.budget = limit, .steps = 100, .step_size = limit.epsilon / 10}, 0);
    const auto by_apgd = apgd(classifier, images, labels, {.budget = limit}, 0);
    const auto stands = margin(classifier(by_apgd), labels) > 0; // the others stopped early
    ASSERT_GT(stands.sum().item<int>(), 12);
    const auto gain = cross_entropy(classifier(by_apgd), labels) - cross_entropy(classifier(by_pgd), labels);
    EXPECT_GT(gain.masked_select(stands).min().item<double>(), -1e-4);
}

/// The loss peaks inside the ball: only a step that shrinks comes to rest there.
TEST_P(BothNorms, ApgdSettlesOnAPeak) {
    const auto images = pictures(6);
    const auto limit = budget(0.5, 0.03);
    const auto peak = project(images + 0.3 * limit.epsilon * random(images.sizes(), 4).sign() /
                                           (GetParam() == Norm::l2 ? std::sqrt(3.0 * kExtent * kExtent) : 1),
                              images, limit);
    const Classifier classifier = [&](const torch::Tensor &x) {
        const auto lead = 1 + (x - peak).square().sum({1, 2, 3}) / (images[0] - peak[0]).square().sum();
        return torch::stack({lead, torch::zeros_like(lead)}, 1);
    };
    const auto found = apgd(classifier, images, torch::zeros({6}, at::kLong), {.budget = limit}, 1);
    EXPECT_LT(norms(found - peak, GetParam()).max().item<double>(), 0.03 * limit.epsilon);
}

/// The runner-up is far away, the class behind it near: every target has to be tried.
TEST_F(AutoAttack, TargetsReachBeyondTheRunnerUp) {
    const Classifier classifier = [](const torch::Tensor &x) {
        const auto far = 0.01 * (x.select(1, 0).flatten(1).select(1, 0) - 0.5) - 0.1;
        const auto near = 100 * (x.select(1, 1).flatten(1).select(1, 0) - 0.5) - 1;
        return torch::stack({torch::zeros_like(far), far, near}, 1);
    };
    const auto images = torch::full({3, 3, kExtent, kExtent}, 0.5);
    const auto labels = torch::zeros({3}, at::kLong);
    const Budget limit{Norm::l2, 0.015};
    const auto standing = [&](const torch::Tensor &found) {
        return labels_of(classifier, found).eq(labels).sum().item<int>();
    };
    EXPECT_EQ(standing(apgd_targeted(classifier, images, labels, {.budget = limit, .targets = 1}, 0)), 3);
    EXPECT_EQ(standing(apgd_targeted(classifier, images, labels, {.budget = limit, .targets = 2}, 0)), 0);
    EXPECT_EQ(standing(fab_targeted(classifier, images, labels, {.budget = limit, .targets = 1})), 3);
    EXPECT_EQ(standing(fab_targeted(classifier, images, labels, {.budget = limit, .targets = 2})), 0);
}

TEST_F(Dlr, MatchesItsFormulasAndItsFallbacks) {
    const auto logits = torch::tensor({{4.0F, 1.0F, 3.0F, 0.0F, -1.0F}});
    const auto label = torch::tensor({0}, at::kLong), target = torch::tensor({3}, at::kLong);
    EXPECT_NEAR(dlr(logits, label).item<double>(), -(4.0 - 3.0) / (4.0 - 1.0), 1e-6);
    EXPECT_NEAR(dlr_targeted(logits, label, target).item<double>(), -4.0 / (4.0 - 0.5), 1e-6);
    const auto three = logits.narrow(1, 0, 3), two = logits.narrow(1, 0, 2);
    const auto second = torch::tensor({1}, at::kLong);
    EXPECT_NEAR(dlr_targeted(three, label, second).item<double>(), -3.0, 1e-6);
    EXPECT_NEAR(dlr(three, label).item<double>(), -(4.0 - 3.0) / (4.0 - 1.0), 1e-6);
    EXPECT_NEAR(dlr_targeted(two, label, second).item<double>(), -3.0, 1e-6);
    EXPECT_NEAR(dlr(two, label).item<double>(), -3.0, 1e-6);
}

/// Moves satisfy the optimality conditions: on the plane or in its nearest corner, in the box, and no pixel
/// that could still move has moved less than its share.
TEST_P(BothNorms, MovesOntoAHyperplaneAreShortest) {
    const auto points = pictures(40, 0.5);
    const auto normals = random(points.sizes(), 5) * (random(points.sizes(), 6) > -1);
    const auto offsets = random({40}, 8) * 30; // some planes miss the box
    const auto moves = moves_onto_hyperplane(points, normals, offsets, GetParam());
    const auto ends = points + moves;
    EXPECT_GE(ends.min().item<double>(), -1e-6);
    EXPECT_LE(ends.max().item<double>(), 1 + 1e-6);
    const auto sign = offsets.sign().view({-1, 1, 1, 1});
    const auto room = torch::where(normals * sign > 0, points, 1 - points) * (normals != 0);
    const auto reachable = (room * normals.abs()).sum({1, 2, 3}) > offsets.abs();
    ASSERT_GT(reachable.sum().item<int>(), 5);
    ASSERT_LT(reachable.sum().item<int>(), 40);
    const auto way = -(moves * normals).sum({1, 2, 3});
    EXPECT_TRUE(way.masked_select(reachable).allclose(offsets.masked_select(reachable), 1e-4, 1e-3));
    EXPECT_TRUE(moves.abs().index({~reachable}).allclose(room.index({~reachable}), 1e-5, 1e-6));
    const auto speed = GetParam() == Norm::l2 ? normals.abs() : (normals != 0).to(at::kFloat);
    const auto dual = (moves.abs() / speed.clamp_min(1e-6))
                          .masked_fill(moves.abs() >= room - 1e-6, 0)
                          .amax({1, 2, 3}, true);
    const auto expected = torch::minimum(dual * speed, room);
    EXPECT_TRUE(moves.abs().index({reachable}).allclose(expected.index({reachable}), 1e-3, 1e-5));
}

TEST_P(BothNorms, FabFindsTheDistanceToALinearBoundary) {
    const Linear linear(6);
    const auto images = pictures(16);
    const auto labels = labels_of(linear.classifier(), images);
    const auto found = fab_targeted(linear.classifier(), images, labels, {.budget = {GetParam(), 0}});
    EXPECT_TRUE((margin(linear.classifier()(found), labels) < 0).all().item<bool>());
    const auto ratio = norms(found - images, GetParam()).flatten() / linear.distances(images, GetParam());
    EXPECT_GE(ratio.min().item<double>(), 0.9999);
    EXPECT_LE(ratio.max().item<double>(), 1.01);
}

TEST_P(BothNorms, SquareLowersTheMarginAndRespectsRobustImages) {
    const Linear linear(6);
    const auto images = pictures(16);
    const auto labels = labels_of(linear.classifier(), images);
    const auto distances = linear.distances(images, GetParam());
    const Budget safe{GetParam(), 0.99 * distances.min().item<double>()};
    const auto robust = square(linear.classifier(), images, labels, {safe, 200}, 1);
    const auto left = margin(linear.classifier()(robust), labels);
    EXPECT_TRUE((left > 0).all().item<bool>());
    const auto start = square(linear.classifier(), images, labels, {safe, 0}, 1);
    EXPECT_TRUE((left < margin(linear.classifier()(start), labels)).all().item<bool>());
    const Budget large{GetParam(), 4 * distances.max().item<double>()};
    const auto fooled = square(linear.classifier(), images, labels, {large, 300}, 1);
    EXPECT_TRUE((margin(linear.classifier()(fooled), labels) <= 0).all().item<bool>());
}

TEST_F(Square, FollowsTheSchedule) {
    EXPECT_EQ(square_side(0, 0.8, 32, 32), 29);
    EXPECT_EQ(square_side(10, 0.8, 32, 32), 29);
    EXPECT_EQ(square_side(11, 0.8, 32, 32), 20);
    EXPECT_EQ(square_side(4999, 0.8, 32, 32), 3);
    EXPECT_EQ(square_side(0, 0.8, 8, 100), 8);
    const auto pattern = square_pattern(6, at::kFloat);
    EXPECT_NEAR(pattern.norm().item<double>(), 1, 1e-5);
    EXPECT_GT(pattern.narrow(0, 0, 3).min().item<double>(), 0);
    EXPECT_LT(pattern.narrow(0, 3, 3).max().item<double>(), 0);
}

TEST_P(BothNorms, SeedsDecideAndBatchesDoNot) {
    constexpr std::int64_t kPictures = 12, kOnAnotherWay = 2; // see attack.hpp, "Batches"
    const Linear linear(4);
    const auto classifier = linear.classifier();
    const auto images = pictures(kPictures);
    const auto labels = labels_of(classifier, images);
    const auto ids = torch::arange(100, 100 + kPictures);
    torch::manual_seed(1);
    const auto order = torch::randperm(kPictures, at::kLong);
    for (const auto &attack : all(budget(0.1, 0.005))) {
        const auto whole = attack.run(classifier, images, labels, {1, ids});
        EXPECT_TRUE(whole.equal(attack.run(classifier, images, labels, {1, ids}))) << attack.name;
        std::vector<torch::Tensor> parts;
        for (const auto &part : order.split(5))
            parts.push_back(torch::zeros_like(images).index_copy_(
                0, part,
                attack.run(classifier, images.index_select(0, part), labels.index_select(0, part),
                           {1, ids.index_select(0, part)})));
        const auto apart = torch::stack(parts).sum(0);
        const auto same = apart.isclose(whole, 1e-4, 1e-5).flatten(1).all(1).sum().item<std::int64_t>();
        EXPECT_GE(same, kPictures - kOnAnotherWay) << attack.name;
        EXPECT_TRUE(margin(classifier(apart), labels).allclose(margin(classifier(whole), labels), 0.02, 0.05))
            << attack.name << " is weaker on one of the ways";
    }
    const auto limit = budget(0.1, 0.005);
    const auto start = random_start(images, limit, 1);
    EXPECT_NEAR(((start - images) > 0).to(at::kFloat).mean().item<double>(), 0.5, 0.05);
    EXPECT_FALSE(start.equal(random_start(images, limit, 2)));
    EXPECT_FALSE(square(linear.classifier(), images, labels, {limit, 0}, 1)
                     .equal(square(linear.classifier(), images, labels, {limit, 0}, 2)));
}

class Classes : public OneThread, public testing::WithParamInterface<std::tuple<Norm, int>> {};
INSTANTIATE_TEST_SUITE_P(Attacks, Classes,
                         testing::Combine(testing::Values(Norm::l2, Norm::linf),
                                          testing::Values(2, 3, 4, 6)));

TEST_P(Classes, AutoAttackFoolsExactlyWhatIsWithinReach) {
    const auto [norm, classes] = GetParam();
    const Linear linear(classes);
    const auto images = pictures(20);
    const auto labels = labels_of(linear.classifier(), images);
    const auto distances = linear.distances(images, norm);
    const double epsilon = 1.02 * middle(distances);
    auto attacks = standard_attacks({norm, epsilon});
    attacks.pop_back(); // Square adds nothing here but time
    const auto result = evaluate_robustness(linear.classifier(), images, labels, attacks,
                                            {.budget = {norm, epsilon}, .batch = 16});
    const auto sure = (distances / epsilon - 1).abs() > 0.01;
    EXPECT_TRUE(result.standing.masked_select(sure).equal((distances > epsilon).masked_select(sure)));
    EXPECT_EQ(result.clean, 20);
    EXPECT_EQ(result.robust, result.standing.sum().item<std::int64_t>());
    for (const auto &attack :
         attacks) { // each alone is optimal on a linear classifier, but for its step sizes
        const auto alone =
            evaluate_robustness(linear.classifier(), images, labels, {attack}, {.budget = {norm, epsilon}});
        const auto clear = (distances / epsilon - 1).abs() > 0.05;
        EXPECT_TRUE(alone.standing.masked_select(clear).equal((distances > epsilon).masked_select(clear)))
            << attack.name;
    }
}

TEST_F(AutoAttack, ReportsEveryAttackAndSparesTheFallen) {
    const auto classifier = convolutional();
    const auto images = pictures(12, 0.2);
    auto labels = labels_of(classifier, images);
    labels[3] = (labels[3] + 1).remainder(5); // one that is wrong from the start
    const EvaluationOptions options{.budget = {Norm::linf, 0.05}, .batch = 5, .seed = 4};
    auto attacks = standard_attacks(options.budget);
    attacks.back().run = [&](const auto &network, const auto &batch, const auto &classes,
                             const auto &random) {
        return square(network, batch, classes, {options.budget, 200}, random);
    };
    const auto result = evaluate_robustness(classifier, images, labels, attacks, options);
    EXPECT_EQ(result.clean, 11);
    EXPECT_TRUE(result.complete);
    ASSERT_EQ(result.attacks.size(), 4U);
    std::int64_t standing = result.clean;
    for (const auto &attack : result.attacks) {
        EXPECT_EQ(attack.attacked, standing) << attack.name;
        standing -= attack.fooled;
        EXPECT_EQ(attack.standing, standing) << attack.name;
    }
    EXPECT_EQ(result.robust, standing);
    EXPECT_GT(result.attacks.front().fooled, 0);
    EXPECT_GT(result.robust, 0);
    EXPECT_TRUE(within(result.adversarial, images, options.budget));
    EXPECT_TRUE(result.adversarial[3].equal(images[3]));
    const auto right = labels_of(classifier, result.adversarial).eq(labels);
    EXPECT_TRUE(right.equal(result.standing));
}

TEST_F(AutoAttack, RestartsStartDifferently) {
    const auto classifier = convolutional();
    const auto images = pictures(6);
    const Budget budget{Norm::l2, 1e-3};
    std::vector<torch::Tensor> starts;
    const Attack restart{"pgd", [&](const auto &, const auto &batch, const auto &, const auto &randomness) {
                             starts.push_back(random_start(batch, budget, randomness));
                             return batch;
                         }};
    evaluate_robustness(classifier, images, labels_of(classifier, images), {restart, restart, restart},
                        {.budget = budget, .seed = 9});
    ASSERT_EQ(starts.size(), 3U);
    EXPECT_TRUE(starts[0].equal(random_start(images, budget, 9))) << "one run alone draws as ever";
    EXPECT_FALSE(starts[1].equal(starts[0]));
    EXPECT_FALSE(starts[2].equal(starts[0]));
    EXPECT_FALSE(starts[2].equal(starts[1]));
}

TEST_F(AutoAttack, IsListedWithItsParts) {
    const Budget budget{Norm::l2, 0.1};
    for (const auto &name : attack_names()) EXPECT_FALSE(attacks_of_name(name, budget).empty()) << name;
    try {
        attacks_of_name("deepfool", budget);
        ADD_FAILURE();
    } catch (const Error &error) {
        for (const auto &name : attack_names())
            EXPECT_NE(error.hint().find(name), std::string::npos) << error.hint();
    }
}

TEST_F(AutoAttack, MaskingIsTheSameInAnyBatches) {
    const auto classifier = convolutional();
    const auto images = pictures(7);
    const auto labels = labels_of(classifier, images);
    const auto whole = check_masking(classifier, images, labels, {.budget = {Norm::linf, 0.01}});
    const auto parts = check_masking(classifier, images, labels, {.budget = {Norm::linf, 0.01}, .batch = 3});
    EXPECT_EQ(parts.images, 7);
    EXPECT_EQ(parts.restart_accuracies, whole.restart_accuracies);
    EXPECT_EQ(parts.pgd_accuracy, whole.pgd_accuracy);
    EXPECT_EQ(parts.square_accuracy, whole.square_accuracy);
    EXPECT_EQ(parts.unbounded_accuracy, whole.unbounded_accuracy);
    ASSERT_EQ(parts.loss_over_steps.size(), whole.loss_over_steps.size());
    for (std::size_t i = 0; i < whole.loss_over_steps.size(); ++i)
        EXPECT_NEAR(parts.loss_over_steps[i], whole.loss_over_steps[i], 1e-5);
}

TEST_F(AutoAttack, CtrlCStopsMasking) {
    const InterruptGuard guard;
    int passes = 0;
    const Classifier counting = [&](const torch::Tensor &x) {
        if (++passes == 5) std::raise(SIGINT);
        return convolutional()(x);
    };
    const auto images = pictures(2);
    EXPECT_THROW(check_masking(interruptible(counting), images, labels_of(convolutional(), images),
                               {.budget = {Norm::linf, 0.01}}),
                 Interrupted);
    EXPECT_EQ(passes, 5);
}

TEST_F(AutoAttack, StopsWhenAsked) {
    const auto classifier = convolutional();
    const auto images = pictures(8);
    int calls = 0;
    EvaluationOptions options{.budget = {Norm::l2, 1e-4}};
    options.progress = [&](const EvaluationProgress &progress) {
        EXPECT_LE(progress.done, progress.total);
        return ++calls < 20;
    };
    const auto result = evaluate_robustness(classifier, images, labels_of(classifier, images),
                                            standard_attacks(options.budget), options);
    EXPECT_EQ(calls, 20);
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.clean, 8);
    EXPECT_EQ(result.attacks.back().attacked, 0);
}

TEST_F(AutoAttack, DistrustsWhatAnAttackReturns) {
    const auto classifier = convolutional();
    const auto images = pictures(8);
    const Attack cheat{"cheat", [](const auto &, const auto &batch, const auto &, const auto &) {
                           return 1 - batch.flip(0) * 0.5;
                       }};
    const auto result = evaluate_robustness(classifier, images, labels_of(classifier, images), {cheat},
                                            {.budget = {Norm::linf, 0.001}});
    EXPECT_EQ(result.robust, 8);
}

TEST_F(AutoAttack, RefusesWhatDoesNotFit) {
    const auto classifier = convolutional();
    const auto images = pictures(4);
    const auto labels = labels_of(classifier, images);
    const Budget budget{Norm::l2, 0.1};
    const auto code = [&](const Classifier &network, const torch::Tensor &x, const torch::Tensor &y,
                          const EvaluationOptions &options) {
        try {
            evaluate_robustness(network, x, y, standard_attacks(budget), options);
        } catch (const Error &error) {
            return error.code();
        }
        return ErrorCode{0};
    };
    const Classifier broken = [](const torch::Tensor &x) { return torch::full({x.size(0), 3}, NAN); };
    const Classifier single = [](const torch::Tensor &x) { return torch::ones({x.size(0), 1}); };
    EXPECT_EQ(code(classifier, images, labels, {.budget = {Norm::l2, 0}}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(classifier, images, labels, {.budget = {Norm::l2, NAN}}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(classifier, images, labels, {.budget = budget, .batch = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(classifier, images[0], labels, {.budget = budget}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(classifier, images, labels.narrow(0, 0, 3), {.budget = budget}), ErrorCode::mismatch);
    EXPECT_EQ(code(classifier, images, labels + 5, {.budget = budget}), ErrorCode::mismatch);
    EXPECT_EQ(code(broken, images, labels * 0, {.budget = budget}), ErrorCode::mismatch);
    EXPECT_EQ(code(single, images, labels * 0, {.budget = budget}), ErrorCode::mismatch);
}

TEST_F(Gairat, WeighsImagesNearTheBoundaryMoreAndKeepsTheMean) {
    const auto kappa = torch::arange(11);
    const auto weights = gairat_weights(kappa, 10);
    EXPECT_NEAR(weights.mean().item<double>(), 1, 1e-5);
    EXPECT_TRUE((weights.narrow(0, 1, 10) < weights.narrow(0, 0, 10)).all().item<bool>());
    const double expected = (1 + std::tanh(-1 + 5 * (1 - 0.6))) / (1 + std::tanh(-1 + 5.0));
    EXPECT_NEAR((weights[3] / weights[0]).item<double>(), expected, 1e-5);
    EXPECT_TRUE(gairat_weights(torch::full({3}, 10, at::kLong), 10, -1e4).equal(torch::ones({3})));
}

} // namespace

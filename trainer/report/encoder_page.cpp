#include "report/encoder_page.hpp"

#include "core/provenance.hpp"
#include "log/log.hpp"
#include "report/encoder_findings.hpp"
#include "report/plot.hpp"
#include "report/training_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mirra::trainer {
namespace {

enum class Source : std::uint8_t { recorded, log };

struct Card {
    std::string name;
    double value = 0;
    std::optional<Interval> interval;
    Source source = Source::recorded;
    std::string detail;
};

/// 0 to 100 % with the interval as a darker part.
Html bar(double value, const std::optional<Interval> &interval) {
    constexpr double kPercent = 100;
    const auto place = [](double share) { return decimal(kPercent * share, 2); };
    Html out;
    out << "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
           "<rect y=\"2\" width=\"100\" height=\"6\" fill=\"#e4e8ec\"/><rect y=\"2\" height=\"6\" "
           "fill=\"#0a5ea8\" width=\""
        << place(value) << "\"/>";
    if (interval)
        out << "<rect height=\"10\" fill=\"#0a2f57\" fill-opacity=\"0.55\" x=\"" << place(interval->low)
            << "\" width=\"" << place(interval->high - interval->low) << "\"/>";
    out << "</svg>";
    return out;
}

Html card(const Card &card) {
    constexpr double kPercent = 100;
    Html out;
    out << "<div class=\"card\"><div class=\"name\">" << card.name << "</div><div class=\"value\">"
        << decimal(kPercent * card.value, 1) << "<small>&#8201;%</small></div>"
        << bar(card.value, card.interval) << "<div class=\"interval\">";
    if (card.interval)
        out << "95&#8201;% interval: " << range(*card.interval);
    else
        out << "no interval: the number of pictures is not known";
    out << "</div><p class=\"source\">";
    if (card.source == Source::recorded)
        out << "<span class=\"origin\">recorded</span>";
    else
        out << "<span class=\"origin log\">last validation</span>";
    out << card.detail << "</p></div>\n";
    return out;
}

Html missing_card(const std::string &name, const Html &how) {
    Html out;
    out << "<div class=\"card missing\"><div class=\"name\">" << name
        << "</div><div class=\"value soft\">&#8211;</div><p class=\"source\">" << how << "</p></div>\n";
    return out;
}

std::string pictures_of(const Measurement &row) {
    return grouped(row.count) + " pictures of " + row.data;
}

std::optional<Interval> interval_of(double share, std::int64_t count) {
    if (count <= 0) return std::nullopt;
    return confidence(std::llround(share * static_cast<double>(count)), count);
}

Html clean_card(const FinishedRun &run) {
    const auto most = std::ranges::max_element(run.measurements, {}, &Measurement::count);
    if (most != run.measurements.end())
        return card({.name = "Clean accuracy",
                     .value = most->clean,
                     .interval = most->clean_interval(),
                     .source = Source::recorded,
                     .detail = pictures_of(*most)});
    const auto value = run.last("validation_clean");
    Html none;
    none << "No validation is in the log.";
    if (!value) return missing_card("Clean accuracy", none);
    const auto count = run.record ? run.record->validation_pictures : 0;
    return card({.name = "Clean accuracy",
                 .value = *value,
                 .interval = interval_of(*value, count),
                 .source = Source::log,
                 .detail = count > 0 ? "all " + grouped(count) + " pictures for validation"
                                     : "all pictures for validation"});
}

Card recorded_card(const Measurement &row) {
    return {.name = attack_name(row.attack) + ", " + ball(row.budget),
            .value = row.robust,
            .interval = row.robust_interval(),
            .source = Source::recorded,
            .detail = pictures_of(row)};
}

/// What would measure it.
Html not_measured(const FinishedRun &run, const char *attack) {
    const auto budget = run.budget();
    Html out;
    if (!(budget.epsilon > 0)) {
        out << "Not measured: the run was neither trained nor validated against an attack.";
        return out;
    }
    std::vector<std::string> words{"mirra-train", "attack", "--bundle", run.bundle_path.filename().string()};
    if (run.record)
        for (const auto &source : run.record->validation.empty() ? run.record->data : run.record->validation)
            words.insert(words.end(), {"--data", source});
    words.insert(words.end(), {"--attack", attack, "--norm", budget.norm == Norm::l2 ? "l2" : "linf", "--eps",
                               shortest(budget.epsilon), "--record"});
    out << "Not measured; this does: <code>" << command_line(shell_line(words)) << "</code>";
    return out;
}

Html pgd_card(const FinishedRun &run) {
    if (const auto row = decisive(run.measurements, "pgd", run.budget())) return card(recorded_card(*row));
    const auto &settings = run.settings;
    const auto value = run.last("validation_robust");
    if (!value) return missing_card("PGD", not_measured(run, "pgd"));
    const auto known = run.record ? run.record->validation_pictures : 0;
    const auto count = std::min(known, settings.validation_pictures);
    return card({.name = "PGD-" + std::to_string(settings.validation_steps) + ", " +
                         ball({settings.budget.norm, settings.validation_epsilon}),
                 .value = *value,
                 .interval = interval_of(*value, count),
                 .source = Source::log,
                 .detail = (count > 0 ? grouped(count) + " " : std::string()) +
                           "pictures, spread over those for validation"});
}

Html autoattack_card(const FinishedRun &run) {
    const auto row = decisive(run.measurements, "autoattack", run.budget());
    return row ? card(recorded_card(*row)) : missing_card("AutoAttack", not_measured(run, "autoattack"));
}

Html table(const std::vector<Measurement> &rows) {
    Html out;
    if (rows.empty()) return out;
    out << "<div class=\"scroll\"><table><thead><tr><th>Recorded: "
           "attack</th><th>Perturbation</th><th>Data</th>"
           "<th class=\"number\">Pictures</th><th class=\"number\">Clean</th><th class=\"number\">95&#8201;% "
           "interval</th>"
           "<th class=\"number\">Robust</th><th class=\"number\">95&#8201;% "
           "interval</th></tr></thead><tbody>\n";
    for (const auto &row : rows)
        out << "<tr><th>" << attack_name(row.attack) << "</th><td>" << ball(row.budget) << "</td><td>"
            << row.data << "</td><td class=\"number\">" << grouped(row.count) << "</td><td class=\"number\">"
            << percent(row.clean) << "</td><td class=\"number\">" << range(row.clean_interval())
            << "</td><td class=\"number\">" << percent(row.robust) << "</td><td class=\"number\">"
            << range(row.robust_interval()) << "</td></tr>\n";
    out << "</tbody></table></div>\n";
    return out;
}

std::string against(const EncoderRecipe &settings) {
    const auto steps = std::to_string(settings.attack_steps);
    switch (settings.adversary) {
    case Adversary::none:
        return ", without an adversary (standard training)";
    case Adversary::pgd:
        return " against PGD-" + steps + ", " + ball(settings.budget);
    case Adversary::fgsm_rs:
        return " against FGSM-RS, " + ball(settings.budget);
    case Adversary::gairat:
        return " against PGD-" + steps + ", " + ball(settings.budget) + ", weighted as in GAIRAT";
    }
    return {};
}

std::string described(const FinishedRun &run) {
    const auto &settings = run.settings;
    auto out = settings.network.architecture;
    if (settings.network.width != 1) out += ", width " + short_number(settings.network.width);
    out += ", trained";
    for (std::size_t i = 0; i < run.origin.data.size(); ++i)
        out += (i == 0 ? " on " : ", ") + run.origin.data[i];
    return out + against(settings) + "; " + grouped(settings.epochs) +
           (settings.epochs == 1 ? " epoch, " : " epochs, ") + grouped(run.origin.steps) + " steps.";
}

} // namespace

Html verdict_section(const FinishedRun &run, const std::optional<MaskingReport> &masking) {
    const auto &name = run.bundle->manifest().name;
    Html out;
    out << "<p class=\"eyebrow\">Mirra: training of an encoder</p>\n<h1>"
        << (name.empty() ? run.bundle_path.filename().string() : name) << "</h1>\n<p class=\"lead\">"
        << described(run) << "</p>\n<div class=\"cards\">\n"
        << clean_card(run) << pgd_card(run) << autoattack_card(run) << "</div>\n";
    if (masking && !masking->signs().empty())
        out << "<p class=\"note bad\" style=\"margin-top:1rem\">Signs of gradient masking were found (<a "
               "href=\"#masking\">below</a>): the robust accuracies may be too high.</p>\n";
    out << table(run.measurements);
    return out;
}

namespace {

std::string class_name(const AdversarialExamples &examples, std::int64_t label) {
    const auto at = static_cast<std::size_t>(label);
    return at < examples.classes.size() ? examples.classes[at] : "class " + std::to_string(label);
}

std::int64_t truth_of(const AdversarialExamples &examples, std::int64_t row) {
    return examples.labels[row].item<std::int64_t>();
}

/// The class of highest probability; the true one's probability as well where that is another.
Html prediction(const AdversarialExamples &examples, const torch::Tensor &probabilities, std::int64_t row) {
    const auto truth = truth_of(examples, row), said = probabilities[row].argmax().item<std::int64_t>();
    const auto share = [&](std::int64_t label) { return percent(probabilities[row][label].item<double>()); };
    Html out;
    if (said == truth)
        out << "<span class=\"good\">&#10003; <b>";
    else
        out << "<span class=\"bad\">&#10007; <b>";
    out << class_name(examples, said) << "</b></span> " << share(said);
    if (said != truth)
        out << "<br><span class=\"soft\">" << class_name(examples, truth) << " " << share(truth) << "</span>";
    return out;
}

Html cell(const std::string &kind, const std::string &detail, const torch::Tensor &picture,
          const Html &caption) {
    Html out;
    out << "<figure><div class=\"label\">" << kind << "<span>" << detail << "</span></div><img src=\""
        << picture_uri(picture) << "\" alt=\"" << kind << ", " << detail << "\"><figcaption>" << caption
        << "</figcaption></figure>\n";
    return out;
}

std::string size_of(const torch::Tensor &difference, Norm norm) {
    constexpr int kDigits = 3;
    char text[32];
    std::snprintf(text, sizeof text, "%.*g", kDigits, norms(difference.unsqueeze(0), norm).item<double>());
    return (norm == Norm::l2 ? "ℓ2 = " : "ℓ∞ = ") + std::string(text);
}

/// The other network's part of a row, gradients side by side.
Html other_cells(const AdversarialExamples &examples, std::int64_t row) {
    const auto &other = *examples.other;
    Html caption;
    caption << prediction(examples, other.attacked, row)
            << "<div class=\"before\">clean: " << prediction(examples, other.clean, row) << "</div>";
    Html out;
    out << cell("gradient", other.name, gradient_picture(other.gradient[row]), {})
        << cell("adversarial", other.name, other.adversarial[row], caption);
    return out;
}

Html example(const AdversarialExamples &examples, std::int64_t row, double factor) {
    const auto &own = examples.own;
    const auto picture = examples.images[row];
    const auto difference = own.adversarial[row] - picture;
    Html out;
    out << "<article class=\"example\"><div class=\"cells";
    if (!examples.other) out << " four";
    out << "\">\n"
        << cell("picture", class_name(examples, truth_of(examples, row)), picture,
                prediction(examples, own.clean, row))
        << cell("adversarial", own.name, own.adversarial[row], prediction(examples, own.attacked, row))
        << cell("perturbation × " + short_number(factor), size_of(difference, examples.attack.budget.norm),
                enlarged_difference(difference, factor), {})
        << cell("gradient", own.name, gradient_picture(own.gradient[row]), {});
    if (examples.other) out << other_cells(examples, row);
    out << "</div></article>\n";
    return out;
}

Html standing(const AdversarialExamples &examples, const NetworkView &view) {
    const auto right = [&](const torch::Tensor &probabilities) {
        return probabilities.argmax(1).eq(examples.labels).sum().item<std::int64_t>();
    };
    Html out;
    out << "<b>" << view.name << "</b> classifies " << right(view.clean) << " of these "
        << examples.labels.numel() << " pictures correctly, " << right(view.attacked) << " under attack. ";
    return out;
}

} // namespace

Html examples_section(const AdversarialExamples &examples) {
    const auto &own = examples.own;
    const double factor = difference_factor(own.adversarial - examples.images);
    Html out;
    out << "<h2>Adversarial examples and gradients</h2>\n<p>Pictures of " << examples.data
        << " drawn by seed " << std::to_string(examples.seed)
        << ", spread over the classes, whatever the network makes of them. The attack is PGD with "
        << examples.attack.steps << " steps, " << ball(examples.attack.budget)
        << ", on pixels in [0, 1]; the perturbation is enlarged by " << short_number(factor)
        << " around gray. The gradient is that of the true class's logit with respect to the picture, in "
           "units of its "
           "own standard deviation around gray, clipped at "
        << short_number(kGradientSigmas)
        << " of them: that of a robust network follows the object, that of a standard one looks like "
           "noise.</p>\n<p>"
        << standing(examples, own);
    if (examples.other)
        out << standing(examples, *examples.other) << "Each network has adversarial examples of its own.";
    out << "</p>\n";
    for (std::int64_t row = 0; row < examples.labels.numel(); ++row) out << example(examples, row, factor);
    return out;
}

namespace {

Html row(const std::string &check, const std::string &result, const std::string &sign) {
    Html out;
    out << "<tr><th>" << check << "</th><td class=\"number\">" << result << "</td><td class=\"soft\">" << sign
        << "</td></tr>\n";
    return out;
}

Html checks(const MaskingReport &report) {
    const auto steps = std::to_string(report.loss_over_steps.size() - 1);
    const auto starts = std::to_string(report.restart_accuracies.size());
    const auto [low, high] = std::ranges::minmax(report.restart_accuracies);
    Html out;
    out << "<div class=\"scroll\"><table><thead><tr><th>Check</th><th class=\"number\">Still right</th><th>A "
           "sign "
           "would be</th></tr></thead><tbody>\n"
        << row("PGD-" + steps + ", " + starts + " random starts", range({low, high}), "that they differ")
        << row("The worst of these starts", percent(report.pgd_accuracy), "")
        << row("Square, " + grouped(MaskingReport::kQueries) + " queries, no gradients",
               percent(report.square_accuracy), "less than PGD leaves")
        << row("PGD-" + steps + ", " + short_number(MaskingReport::kUnboundedFactor) + " times the budget",
               percent(report.unbounded_accuracy), "that pictures still stand")
        << "</tbody></table></div>\n";
    return out;
}

PlotSeries losses(const MaskingReport &report) {
    PlotSeries out{.name = "cross-entropy, mean", .points = {}, .dotted = true};
    for (std::size_t i = 0; i < report.loss_over_steps.size(); ++i)
        out.points.push_back({static_cast<double>(i), report.loss_over_steps[i]});
    return out;
}

} // namespace

Html masking_section(const MaskingReport &report, const Budget &budget) {
    Html out;
    out << "<h2 id=\"masking\">Checks against gradient masking</h2>\n<p>A network that hides its gradients "
           "looks robust "
           "to attacks by gradients and is not. On "
        << report.images << " pictures, " << ball(budget)
        << "; shares are of all of these pictures, and differences of two of them are chance.</p>\n";
    const auto signs = report.signs();
    if (signs.empty()) {
        out << "<p class=\"note\">No sign of gradient masking.</p>\n";
    } else {
        out << "<div class=\"note bad\"><b>Signs of gradient masking</b><ul>";
        for (const auto &sign : signs) out << "<li>" << sign << "</li>";
        out << "</ul></div>\n";
    }
    out << "<div class=\"beside\">\n"
        << checks(report)
        << svg_plot({.title = "Loss over the steps of PGD",
                     .x_label = "step of the attack",
                     .y_label = {},
                     .series = {losses(report)},
                     .from_zero = true})
        << "</div>\n";
    return out;
}

namespace {

std::string robust_name(const EncoderRecipe &settings) {
    return "validation, PGD-" + std::to_string(settings.validation_steps) + ", " +
           ball({settings.budget.norm, settings.validation_epsilon});
}

} // namespace

Html encoder_curves(const FinishedRun &run) {
    const auto &log = run.log();
    const bool adversarial = run.settings.adversary != Adversary::none;
    const std::string training = adversarial ? "training, attacked" : "training";
    Html out;
    out << "<h2>Training</h2>\n<p>Loss and accuracy of the training are those of its augmented ";
    if (adversarial) out << "and attacked ";
    out << "batches, each point the mean since the one before; the validation's pictures are not "
           "augmented";
    if (run.last("validation_robust"))
        out << ", and at most " << grouped(run.settings.validation_pictures)
            << " of them, spread over all, are attacked";
    out << ".</p>\n<div class=\"plots\">\n";
    out << svg_plot({.title = "Accuracy",
                     .x_label = "step",
                     .y_label = {},
                     .series = {log_series(log, "accuracy", training),
                                log_series(log, "validation_clean", "validation, clean", true),
                                log_series(log, "validation_robust", robust_name(run.settings), true)},
                     .percent = true});
    out << svg_plot(
        {.title = "Loss", .x_label = "step", .y_label = {}, .series = {log_series(log, "loss", training)}});
    out << svg_plot({.title = "Learning rate",
                     .x_label = "step",
                     .y_label = {},
                     .series = {log_series(log, "rate", "")},
                     .from_zero = true});
    out << svg_plot({.title = "Pictures a second",
                     .x_label = "step",
                     .y_label = {},
                     .series = {log_series(log, "pictures_per_second", "")},
                     .from_zero = true});
    out << "</div>\n";
    return out;
}

} // namespace mirra::trainer

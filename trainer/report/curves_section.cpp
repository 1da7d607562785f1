// The training's curves.
#include "report/encoder_sections.hpp"
#include "report/svg_plot.hpp"
#include "report/wording.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

PlotSeries series(const RunLog &log, const std::string &column, const std::string &name,
                  bool dotted = false) {
    PlotSeries out{.name = name, .points = {}, .dotted = dotted};
    const auto found = std::ranges::find(log.columns(), column);
    if (found == log.columns().end()) return out;
    const auto at = static_cast<std::size_t>(found - log.columns().begin());
    for (const auto &row : log.rows()) out.points.push_back({static_cast<double>(row.step), row.values[at]});
    return out;
}

std::string robust_name(const EncoderRecipe &settings) {
    return "validation, PGD-" + std::to_string(settings.validation_steps) + ", " +
           ball({settings.budget.norm, settings.validation_epsilon});
}

} // namespace

Html curves_section(const FinishedRun &run) {
    const auto &log = run.log;
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
                     .series = {series(log, "accuracy", training),
                                series(log, "validation_clean", "validation, clean", true),
                                series(log, "validation_robust", robust_name(run.settings), true)},
                     .percent = true});
    out << svg_plot({.title = "Loss", .x_label = "step", .series = {series(log, "loss", training)}});
    out << svg_plot({.title = "Learning rate",
                     .x_label = "step",
                     .series = {series(log, "rate", "")},
                     .from_zero = true});
    out << svg_plot({.title = "Pictures a second",
                     .x_label = "step",
                     .series = {series(log, "pictures_per_second", "")},
                     .from_zero = true});
    out << "</div>\n";
    return out;
}

} // namespace mirra::trainer

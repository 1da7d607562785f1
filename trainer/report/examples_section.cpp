// Adversarial examples and gradients, a row a picture.
#include "report/encoder_sections.hpp"
#include "report/picture.hpp"
#include "report/wording.hpp"

#include <cstdio>

namespace mirra::trainer {
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

} // namespace mirra::trainer

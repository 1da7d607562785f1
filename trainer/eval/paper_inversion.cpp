// Figures of the paper's tables.
#include "eval/paper_inversion.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mirra::trainer {
namespace {

struct Inversion {
    std::string_view architecture, loss;
    bool robust;
    PaperFigure figure;
};

constexpr std::array kInversions{
    Inversion{"alexnet-conv5", "pix", false, {"1", 17.562, 0.454}},
    Inversion{"alexnet-conv5", "pix", true, {"1", 19.904, 0.505}},
    Inversion{"alexnet-conv5", "pix+feat", false, {"1", 14.462, 0.103}},
    Inversion{"alexnet-conv5", "pix+feat", true, {"1", 17.182, 0.284}},
    Inversion{"alexnet-conv5", "pix+feat+gan", false, {"1", 15.057, 0.307}},
    Inversion{"alexnet-conv5", "pix+feat+gan", true, {"1", 17.227, 0.358}},
    Inversion{"vgg16-conv5_1", "", false, {"2", 18.35, 0.466}},
    Inversion{"vgg16-conv5_1", "", true, {"2", 21.063, 0.538}},
    Inversion{"wrn-28-10-block3", "", false, {"3", 17.38, 0.59}},
    Inversion{"wrn-28-10-block3", "", true, {"3", 22.14, 0.81}},
};

constexpr std::array kScaleStandard{15.06, 16.28, 16.07, 15.43, 14.97, 14.31, 13.89, 13.48, 13.29, 13.10};
constexpr std::array kScaleRobust{17.23, 20.36, 21.37, 22.58, 22.99, 23.48, 23.58, 23.76, 23.79, 23.96};

struct Radius {
    std::string_view architecture;
    double epsilon;
    PaperFigure figure;
};

constexpr std::array kRadii{
    Radius{"alexnet-conv5", 0, {"4", 13.12, 0.20}},
    Radius{"alexnet-conv5", 0.5, {"4", 14.41, 0.26}},
    Radius{"alexnet-conv5", 2, {"4", 15.5, 0.3}},
    Radius{"alexnet-conv5", 3, {"4", 15.53, 0.26}},
    Radius{"alexnet-conv5", 4, {"4", 15.61, 0.25}},
    Radius{"resnet18-layer4", 0, {"A2", 14.7259, 0.2958}},
    Radius{"resnet18-layer4", 0.5, {"A2", 18.5161, 0.5179}},
    Radius{"resnet18-layer4", 1, {"A2", 19.2427, 0.5399}},
    Radius{"resnet18-layer4", 1.5, {"A2", 19.6278, 0.5332}},
    Radius{"resnet18-layer4", 2, {"A2", 19.5234, 0.5265}},
    Radius{"resnet18-layer4", 2.5, {"A2", 18.7568, 0.4878}},
    Radius{"resnet18-layer4", 3, {"A2", 19.3713, 0.501}},
    Radius{"resnet18-layer4", 3.5, {"A2", 19.4376, 0.4951}},
};

} // namespace

std::optional<PaperFigure> paper_inversion(const std::string &architecture, const std::string &loss,
                                           bool robust) {
    const auto found = std::ranges::find_if(kInversions, [&](const Inversion &each) {
        return each.architecture == architecture && each.robust == robust &&
               (each.loss.empty() || each.loss == loss);
    });
    return found == kInversions.end() ? std::nullopt : std::optional(found->figure);
}

std::optional<PaperFigure> paper_scale(const std::string &architecture, std::int64_t scale, bool robust) {
    const auto &values = robust ? kScaleRobust : kScaleStandard;
    if (architecture != "alexnet-conv5" || scale < 1 || scale > static_cast<std::int64_t>(values.size()))
        return std::nullopt;
    return PaperFigure{"A1", values[static_cast<std::size_t>(scale - 1)], 0};
}

std::optional<PaperFigure> paper_highres(const std::string &architecture, bool robust) {
    if (architecture != "alexnet-conv5") return std::nullopt;
    return robust ? PaperFigure{"6", 18.3606, 0.4388} : PaperFigure{"6", 14.266, 0.3874};
}

std::optional<PaperFigure> paper_radius(const std::string &architecture, double epsilon) {
    constexpr double kSame = 1e-9;
    const auto found = std::ranges::find_if(kRadii, [&](const Radius &each) {
        return each.architecture == architecture && std::abs(each.epsilon - epsilon) < kSame;
    });
    return found == kRadii.end() ? std::nullopt : std::optional(found->figure);
}

} // namespace mirra::trainer

// What an encoder does to pixels first, by name and as a node.
#include "alexnet.hpp"

#include "mirra/error.hpp"

namespace mirra::graph {

std::string_view name_of(InputTransform transform) {
    switch (transform) {
    case InputTransform::none:
        return "none";
    case InputTransform::scale_pm1:
        return "scale_pm1";
    case InputTransform::mean_std:
        return "mean_std";
    case InputTransform::mean_std_cifar:
        return "mean_std_cifar";
    }
    throw Error(ErrorCode::invalid_argument, "unknown input transform", "input_transform");
}

std::span<const InputTransform> input_transforms() {
    static constexpr std::array kAll{InputTransform::none, InputTransform::scale_pm1,
                                     InputTransform::mean_std, InputTransform::mean_std_cifar};
    return kAll;
}

InputTransform parse_input_transform(std::string_view name) {
    std::string names;
    for (const auto each : input_transforms()) {
        if (name_of(each) == name) return each;
        names += (names.empty() ? "" : ", ") + std::string(name_of(each));
    }
    throw Error(ErrorCode::invalid_argument,
                "unknown input transform '" + std::string(name.substr(0, 40)) + "'", "input_transform",
                "one of: " + names);
}

Normalisation normalisation_of(InputTransform transform) {
    switch (transform) {
    case InputTransform::none:
        return {};
    case InputTransform::scale_pm1:
        return {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    case InputTransform::mean_std:
        return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    case InputTransform::mean_std_cifar:
        return {{0.4914, 0.4822, 0.4465}, {0.2023, 0.1994, 0.2010}};
    }
    throw Error(ErrorCode::invalid_argument, "unknown input transform", "input_transform");
}

std::string append_normalisation(Builder &b, const std::string &x, const Normalisation &constants,
                                 const std::string &name) {
    const auto &[mean, deviation] = constants;
    return b.normalise(x, {mean.begin(), mean.end()}, {deviation.begin(), deviation.end()}, name);
}

std::string append_input_transform(Builder &b, const std::string &x, InputTransform transform,
                                   const std::string &name) {
    if (transform == InputTransform::none) return x;
    return append_normalisation(b, x, normalisation_of(transform), name);
}

} // namespace mirra::graph

// Ctrl-C between the passes of an evaluation.
#pragma once

#include "attacks/attack.hpp"
#include "core/interrupt.hpp"

namespace mirra::trainer {

/// Thrown through an attack that shall not go on.
struct Interrupted {};

/// The classifier, but that a pass after Ctrl-C throws Interrupted. Needs an InterruptGuard.
inline Classifier interruptible(Classifier classifier) {
    return [classifier = std::move(classifier)](const torch::Tensor &images) {
        if (interrupted()) throw Interrupted{};
        return classifier(images);
    };
}

} // namespace mirra::trainer

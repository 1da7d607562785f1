#include "runtime/plan/running.hpp"

#include "mirra/error.hpp"

namespace mirra::runtime {

ShapeCheck::Work ShapeCheck::operator()(std::span<const TensorPtr> inputs) {
    if (inputs.size() != graph_.inputs.size())
        throw Error(ErrorCode::mismatch,
                    "graph '" + graph_.name + "' has " + std::to_string(graph_.inputs.size()) + " inputs, " +
                        std::to_string(inputs.size()) + " are given",
                    graph_.name);
    std::vector<graph::Shape> shapes;
    for (const auto &input : inputs) shapes.push_back(input->shape());
    const std::scoped_lock lock(mutex_);
    if (shapes == last_ && work_ != nullptr) return work_;
    const auto &all = inference_.infer(shapes);
    work_ = std::make_shared<const std::vector<double>>(graph::node_work(graph_, inference_, all));
    last_ = std::move(shapes);
    return work_;
}

Teller::Teller(const StepFunction &step, const std::vector<double> &work,
               const std::vector<std::size_t> &nodes)
    : step_(step)
    , count_(nodes.size()) {
    if (!step_) return;
    for (const auto node : nodes) work_.push_back(work[node]);
    for (const double part : work_) all_ += part;
}

void Teller::before() {
    if (!step_) return;
    step_(done_, count_, all_ > 0 ? before_ / all_ : 0);
    before_ += work_[done_++];
}

} // namespace mirra::runtime

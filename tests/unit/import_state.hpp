// State dicts with random weights, for tests of whole imports.
#pragma once

#include "import_torch_writer.hpp"

#include "mirra/graph.hpp"

#include <algorithm>
#include <random>

namespace mirra::test {

inline std::vector<float> random_values(std::size_t count) {
    static std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(0.1f, 1);
    std::vector<float> values(count);
    for (float &value : values) value = uniform(random);
    return values;
}

inline TorchTensor random_tensor(const graph::Shape &shape) {
    std::size_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::size_t>(extent);
    return float_tensor(shape, random_values(count));
}

inline TorchTensor &tensor(TorchState &state, const std::string &name) {
    const auto found = std::ranges::find(state, name, &TorchState::value_type::first);
    if (found == state.end()) throw std::runtime_error("no tensor " + name);
    return found->second;
}

inline void remove_tensor(TorchState &state, const std::string &name) {
    std::erase_if(state, [&](const auto &entry) { return entry.first == name; });
}

inline std::vector<float> values(const TorchTensor &tensor) {
    std::vector<float> out(tensor.storage.size() / sizeof(float));
    std::memcpy(out.data(), tensor.storage.data(), tensor.storage.size());
    return out;
}

inline std::vector<float> stored(const bundle::Bundle &bundle, const std::string &name) {
    const auto span = bundle.weight(name);
    return {span.begin(), span.end()};
}

} // namespace mirra::test

// Safetensors files, as features, styles and weights come in.
#include "fuzz.hpp"

#include "mirra/bundle.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const auto bytes = fuzz::bytes_of(data, size);
    fuzz::taken([&] {
        const auto file = bundle::TensorFile::parse({bytes.begin(), bytes.end()}, "input");
        for (const auto &[name, tensor] : file->tensors()) {
            std::size_t elements = 1;
            for (const auto extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
            fuzz::expect(elements * bundle::size_of(tensor.dtype) == tensor.bytes.size(),
                         "another size than its shape");
            fuzz::taken([&] {
                fuzz::expect(bundle::to_float(tensor).size() == elements, "another count of values");
            });
        }
    });
    return 0;
}

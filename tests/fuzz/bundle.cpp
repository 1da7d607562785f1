// Bundles. An input is a manifest as JSON, a NUL, the tensors' part of the safetensors header as JSON, a NUL,
// and the tensors' bytes; checksums are computed here, as a hostile author would.
#include "fuzz.hpp"

#include "bundle/digest.hpp"
#include "mirra/bundle.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace mirra;

namespace {

using Json = nlohmann::json;

std::vector<std::byte> assemble(Json header, fuzz::Bytes tensors) {
    auto text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    std::vector<std::byte> file(sizeof length + text.size() + tensors.size());
    std::memcpy(file.data(), &length, sizeof length);
    std::ranges::copy(std::as_bytes(std::span(text)), file.begin() + sizeof length);
    std::ranges::copy(tensors, file.end() - static_cast<std::ptrdiff_t>(tensors.size()));
    return file;
}

/// The bundle, with the manifest's digest of the tensors and the digest of the manifest set right.
std::vector<std::byte> sealed(Json manifest, Json header, fuzz::Bytes tensors) {
    const auto unsealed = bundle::TensorFile::parse(assemble(header, tensors), "unsealed");
    manifest["sha256"] = bundle::sha256_of(unsealed->tensors());
    const auto text = manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
    header["__metadata__"] = {{"mirra.manifest", text}, {"mirra.manifest_sha256", bundle::sha256_of(text)}};
    return assemble(header, tensors);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Input input(fuzz::bytes_of(data, size));
    auto manifest = Json::parse(input.text_until('\0'), nullptr, false);
    auto header = Json::parse(input.text_until('\0'), nullptr, false);
    fuzz::taken(
        [&] { (void)bundle::Bundle::open_memory({input.rest().begin(), input.rest().end()}, "raw"); });
    if (!manifest.is_object() || !header.is_object()) return 0;
    fuzz::taken([&] {
        const auto bundle = bundle::Bundle::open_memory(sealed(manifest, header, input.rest()), "sealed");
        for (const auto &[name, graph] : bundle->manifest().graphs)
            for (const auto &[weight, shape] : graph::weight_shapes(graph)) {
                std::size_t elements = 1;
                for (const auto extent : shape) elements *= static_cast<std::size_t>(extent);
                fuzz::expect(bundle->weight(weight).size() == elements, "another count of values");
            }
    });
    return 0;
}

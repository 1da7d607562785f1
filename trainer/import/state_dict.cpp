// Tells file formats apart by their first bytes; reads safetensors.
#include "state_dict.hpp"

#include "formats.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mirra::trainer::importer {
namespace {

constexpr std::string_view kZipMagic{"PK\x03\x04", 4};
constexpr char kPickleProtocol = '\x80';
constexpr std::size_t kSafetensorsLength = 8;

} // namespace

StateDict read_safetensors(const std::filesystem::path &path) {
    const auto file = bundle::TensorFile::open(path);
    StateDict state;
    for (const auto &[name, view] : file->tensors()) {
        SourceTensor tensor{path.string(), view.dtype, view.shape, {}, {}};
        tensor.read = [file, view = view] { return bundle::to_float(view); };
        state.emplace(name, std::move(tensor));
    }
    return state;
}

StateDict read_state_dict(const std::filesystem::path &path) {
    const FileReader file(path);
    std::array<char, 16> first{};
    const std::string_view text(first.data(), std::min<std::uint64_t>(file.size(), first.size()));
    file.read(0, std::as_writable_bytes(std::span(first).first(text.size())));
    if (text.starts_with(kZipMagic)) return read_torch_zip(file);
    if (text.size() > kSafetensorsLength && text[kSafetensorsLength] == '{') return read_safetensors(path);
    if (!text.empty() && text.front() == kPickleProtocol) return read_torch_legacy(file);
    throw Error(ErrorCode::unsupported,
                text.empty() ? "the file is empty"
                             : "the file is neither a torch.save checkpoint nor safetensors",
                path.string(),
                "give a .pth, .pt or .safetensors file (a web page saved by mistake is none of these)");
}

} // namespace mirra::trainer::importer

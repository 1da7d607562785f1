// safetensors: the header padded, so that the tensors begin on a multiple of eight; written atomically.
#include "dtype.hpp"
#include "limits.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <array>
#include <cstring>

namespace mirra::bundle {
namespace {

void check(const std::string &name, const TensorView &tensor) {
    if (name.empty() || name == "__metadata__" || name.size() > Limits::kNameLength)
        throw Error(ErrorCode::invalid_argument, "not a name for a tensor", name.substr(0, 80));
    if (byte_count(tensor.dtype, tensor.shape) != tensor.bytes.size())
        throw Error(ErrorCode::invalid_argument,
                    "a tensor of shape " + to_text(tensor.shape) + " is given " +
                        std::to_string(tensor.bytes.size()) + " bytes",
                    name);
}

std::string quoted(const std::string &text) {
    try {
        return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception &) {
        throw Error(ErrorCode::invalid_argument, "a tensor's name or the metadata is not valid UTF-8",
                    "header");
    }
}

std::string metadata_text(const std::map<std::string, std::string> &metadata) {
    std::string text = "\"__metadata__\":{";
    for (const auto &[key, value] : metadata)
        text += (text.ends_with('{') ? "" : ",") + quoted(key) + ':' + quoted(value);
    return text + '}';
}

std::string tensor_text(const std::string &name, const TensorView &tensor, std::uint64_t offset) {
    std::string text =
        quoted(name) + ":{\"dtype\":\"" + std::string(safetensors_name(tensor.dtype)) + "\",\"shape\":[";
    for (const auto extent : tensor.shape) text += (text.ends_with('[') ? "" : ",") + std::to_string(extent);
    return text + "],\"data_offsets\":[" + std::to_string(offset) + ',' +
           std::to_string(offset + tensor.bytes.size()) + "]}";
}

/// The JSON header, padded with spaces so that the data begins on a multiple of 8 bytes.
std::string header_text(const std::map<std::string, TensorView> &tensors,
                        const std::map<std::string, std::string> &metadata) {
    std::string text = "{";
    if (!metadata.empty()) text += metadata_text(metadata);
    std::uint64_t offset = 0;
    for (const auto &[name, tensor] : tensors) {
        check(name, tensor);
        text += (text.size() > 1 ? "," : "") + tensor_text(name, tensor, offset);
        offset += tensor.bytes.size();
    }
    text += '}';
    text.resize((text.size() + 7) / 8 * 8, ' ');
    if (text.size() > Limits::kHeaderBytes)
        throw Error(ErrorCode::limit, "the header would have " + std::to_string(text.size()) + " bytes",
                    "header", "store less metadata");
    if (tensors.size() > Limits::kTensors)
        throw Error(ErrorCode::limit, "there are " + std::to_string(tensors.size()) + " tensors", "header",
                    "a file holds up to " + std::to_string(Limits::kTensors));
    return text;
}

/// Gives the parts of a file in their order to `part`.
template<class Part>
void for_each_part(const std::string &header, const std::map<std::string, TensorView> &tensors,
                   const Part &part) {
    const std::uint64_t length = header.size();
    part(std::as_bytes(std::span(&length, 1)));
    part(std::as_bytes(std::span(header)));
    for (const auto &[name, tensor] : tensors) part(tensor.bytes);
}

} // namespace

std::vector<std::byte> tensor_bytes(const std::map<std::string, TensorView> &tensors,
                                    const std::map<std::string, std::string> &metadata) {
    const std::string header = header_text(tensors, metadata);
    std::size_t size = 0;
    for_each_part(header, tensors, [&size](std::span<const std::byte> bytes) { size += bytes.size(); });
    std::vector<std::byte> out(size);
    auto at = out.begin();
    for_each_part(header, tensors,
                  [&at](std::span<const std::byte> bytes) { at = std::ranges::copy(bytes, at).out; });
    return out;
}

void write_tensors(const std::filesystem::path &path, const std::map<std::string, TensorView> &tensors,
                   const std::map<std::string, std::string> &metadata) {
    const std::string header = header_text(tensors, metadata);
    AtomicFile file(path);
    for_each_part(header, tensors, [&file](std::span<const std::byte> bytes) { file.write(bytes); });
    file.commit();
}

} // namespace mirra::bundle

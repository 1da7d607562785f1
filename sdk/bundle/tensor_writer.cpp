// The safetensors writer.
#include "dtype.hpp"
#include "limits.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstring>

namespace mirra::bundle {
namespace {

using Json = nlohmann::ordered_json;

void check(const std::string &name, const TensorView &tensor) {
    if (name.empty() || name == "__metadata__" || name.size() > Limits::kNameLength)
        throw Error(ErrorCode::invalid_argument, "not a name for a tensor", name.substr(0, 80));
    if (byte_count(tensor.dtype, tensor.shape) != tensor.bytes.size())
        throw Error(ErrorCode::invalid_argument,
                    "a tensor of shape " + to_text(tensor.shape) + " is given " +
                        std::to_string(tensor.bytes.size()) + " bytes",
                    name);
}

std::string dump(const Json &header) {
    try {
        return header.dump();
    } catch (const Json::exception &) {
        throw Error(ErrorCode::invalid_argument, "a tensor's name or the metadata is not valid UTF-8",
                    "header");
    }
}

/// The JSON header, padded with spaces so that the data begins on a multiple of 8 bytes.
std::string header_text(const std::map<std::string, TensorView> &tensors,
                        const std::map<std::string, std::string> &metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::uint64_t offset = 0;
    for (const auto &[name, tensor] : tensors) {
        check(name, tensor);
        header[name] = {{"dtype", safetensors_name(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"data_offsets", {offset, offset + tensor.bytes.size()}}};
        offset += tensor.bytes.size();
    }
    std::string text = dump(header);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    if (text.size() > Limits::kHeaderBytes)
        throw Error(ErrorCode::limit, "the header would have " + std::to_string(text.size()) + " bytes",
                    "header", "store less metadata");
    return text;
}

} // namespace

void write_tensors(const std::filesystem::path &path, const std::map<std::string, TensorView> &tensors,
                   const std::map<std::string, std::string> &metadata) {
    const std::string header = header_text(tensors, metadata);
    const std::uint64_t length = header.size();
    AtomicFile file(path);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    for (const auto &[name, tensor] : tensors) file.write(tensor.bytes);
    file.commit();
}

} // namespace mirra::bundle

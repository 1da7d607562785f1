// What a run works on, in memory that both processes have.
#include "request_memory.hpp"

#include "pixels.hpp"
#include "ports.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::isolation {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::span<std::byte> part(std::span<std::byte> memory, std::size_t at, std::size_t size) {
    if (at > memory.size() || size > memory.size() - at) throw Gone();
    return memory.subspan(at, size);
}

std::size_t bytes_of(const graph::Shape &shape, std::size_t most) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) {
        if (extent < 0 || (extent > 0 && count > most / static_cast<std::size_t>(extent))) throw Gone();
        count *= static_cast<std::size_t>(extent);
    }
    return count * sizeof(float);
}

} // namespace

std::size_t packed_bytes(const image::ConstImageView &view) {
    constexpr double kMost = 1e15; // also of sizes that another process has said
    if (1.0 * view.width * view.height > kMost) throw Gone();
    return static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height) *
           static_cast<std::size_t>(view.channels) * image::sample_bytes(view.sample);
}

image::ImageView packed_view(const image::ImageView &description, std::span<std::byte> memory) {
    if (memory.size() < packed_bytes(description)) throw Gone();
    image::ImageView view = image::interleaved_view(memory.data(), description.width, description.height,
                                                    description.channels, description.sample);
    view.alpha = description.alpha;
    view.transfer = description.transfer;
    return view;
}

host::TensorSet borrowed(const std::map<std::string, host::HostTensor> &tensors) {
    host::TensorSet out;
    for (const auto &[name, tensor] : tensors)
        out.emplace(name, std::shared_ptr<const host::HostTensor>(std::shared_ptr<void>(), &tensor));
    return out;
}

std::size_t tensor_bytes(const host::TensorSet &tensors) {
    std::size_t bytes = 0;
    for (const auto &[name, tensor] : tensors) bytes += aligned(tensor->values.size() * sizeof(float));
    return bytes;
}

Json write_tensors(const host::TensorSet &tensors, std::span<std::byte> memory) {
    Json out = Json::object();
    std::size_t at = 0;
    for (const auto &[name, tensor] : tensors) {
        const std::size_t bytes = tensor->values.size() * sizeof(float);
        out[name] = {{"shape", tensor->shape}, {"at", at}};
        if (bytes > 0) std::memcpy(memory.data() + at, tensor->values.data(), bytes);
        at += aligned(bytes);
    }
    return out;
}

std::size_t said_bytes(const Json &tensors) {
    constexpr std::size_t kMost = std::size_t{1} << 46;
    std::size_t end = 0, sum = 0;
    for (const auto &[name, about] : tensors.items()) {
        const std::size_t bytes = bytes_of(about.at("shape"), kMost), at = about.at("at");
        if (at > kMost) throw Gone();
        end = std::max(end, at + bytes);
        sum += bytes;
    }
    if (sum > end) throw Gone();
    return end;
}

host::TensorSet read_tensors(const Json &in, std::span<const std::byte> memory) {
    host::TensorSet out;
    for (const auto &[name, about] : in.items()) {
        auto tensor = std::make_shared<host::HostTensor>();
        about.at("shape").get_to(tensor->shape);
        const std::size_t bytes = bytes_of(tensor->shape, memory.size()), at = about.at("at");
        if (at > memory.size() || bytes > memory.size() - at) throw Gone();
        tensor->values.resize(bytes / sizeof(float));
        if (bytes > 0) std::memcpy(tensor->values.data(), memory.data() + at, bytes);
        out[name] = std::move(tensor);
    }
    return out;
}

std::size_t WrittenRequest::reserve(std::size_t bytes) {
    return std::exchange(size_, size_ + aligned(bytes));
}

WrittenRequest::WrittenRequest(const host::TaskInfo &task, const host::RunRequest &request)
    : request_(request) {
    const host::TensorSet tensors = borrowed(request.tensors);
    const std::size_t tensors_at = reserve(tensor_bytes(tensors));
    std::map<std::string, std::size_t> images, profiles;
    for (const auto &[name, view] : request.images) images[name] = reserve(packed_bytes(view));
    for (const auto &[name, profile] : request.profiles) profiles[name] = reserve(profile.size());
    memory_ = SharedMemory(size_);
    const std::span<std::byte> memory = memory_.bytes();
    body_ = {{"values", encode(request.values)},
             {"wanted", request.wanted},
             {"scale", request.scale},
             {"frame", request.frame},
             {"images", Json::object()},
             {"profiles", Json::object()},
             {"sources", Json::object()},
             {"sinks", Json::object()},
             {"bytes", size_},
             {"tensors_at", tensors_at},
             {"tensors", write_tensors(tensors, memory.subspan(tensors_at))}};
    body_["region"] = request.region ? Json(*request.region) : Json();
    for (const auto &[name, view] : request.images) {
        const image::ImageView packed = packed_view(view, memory.subspan(images[name], packed_bytes(view)));
        body_["images"][name] = {{"what", encode(view)}, {"at", images[name]}};
        const bool output = host::is_output(*task.port(name));
        if (output) outputs_[name] = packed;
        // Unfinished results go back whole: where they are not yet, the caller's pixels are.
        if (!output || request.progress) host::copy_samples(view, packed);
    }
    for (const auto &[name, profile] : request.profiles) {
        body_["profiles"][name] = {{"at", profiles[name]}, {"size", profile.size()}};
        std::memcpy(memory.data() + profiles[name], profile.data(), profile.size());
    }
    for (const auto &[name, source] : request.sources) body_["sources"][name] = encode(source.description);
    for (const auto &[name, sink] : request.sinks) body_["sinks"][name] = encode(sink.description);
}

void WrittenRequest::copy_back(const std::string &port, const runtime::Rect &rect) const {
    const auto from = outputs_.find(port);
    if (from == outputs_.end()) throw Gone();
    const image::ImageView &whole = from->second;
    if (!host::lies_within(rect, {0, 0, whole.width, whole.height})) throw Gone();
    const auto width = static_cast<std::int32_t>(rect.width), height = static_cast<std::int32_t>(rect.height);
    host::copy_samples(image::cropped(whole, rect.x, rect.y, width, height),
                       image::cropped(request_.images.at(port), rect.x, rect.y, width, height));
}

void WrittenRequest::copy_back(const std::string &port) const {
    const image::ImageView &view = outputs_.at(port);
    copy_back(port, {0, 0, view.width, view.height});
}

std::vector<std::string> WrittenRequest::outputs() const {
    std::vector<std::string> out;
    for (const auto &[name, view] : outputs_) out.push_back(name);
    return out;
}

host::RunRequest read_request(const Json &in, const SharedMemory &memory) {
    host::RunRequest request;
    request.values = decode_values(in.at("values"));
    in.at("wanted").get_to(request.wanted);
    in.at("scale").get_to(request.scale);
    in.at("frame").get_to(request.frame);
    if (!in.at("region").is_null()) request.region = in.at("region").get<runtime::Rect>();
    for (const auto &[name, about] : in.at("images").items()) {
        const image::ImageView view = decode_view(about.at("what"));
        request.images[name] = packed_view(view, part(memory.bytes(), about.at("at"), packed_bytes(view)));
    }
    for (const auto &[name, about] : in.at("profiles").items()) {
        const auto bytes = part(memory.bytes(), about.at("at"), about.at("size"));
        request.profiles[name] = {bytes.begin(), bytes.end()};
    }
    const std::size_t at = in.at("tensors_at");
    for (auto &[name, tensor] :
         read_tensors(in.at("tensors"), part(memory.bytes(), at, memory.bytes().size() - at)))
        request.tensors[name] = *tensor;
    return request;
}

} // namespace mirra::isolation

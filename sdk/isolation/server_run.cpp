// A run of a session for another process.
#include "pixels.hpp"
#include "ports.hpp"
#include "request_memory.hpp"
#include "server.hpp"

#include <mutex>

namespace mirra::isolation {
namespace {

/// Asks the other process, one thread of the run at a time.
class Asker {
  public:
    explicit Asker(Channel &channel) : channel_(channel) {}

    [[nodiscard]] bool progress(const host::Progress &progress) {
        return go(ask({{"is", "progress"}, {"progress", encode(progress)}}));
    }
    /// @param output  the image of which the pixels are a part; null: they are a sink's
    [[nodiscard]] bool tile(const runtime::Rect &rect, const image::ImageView &pixels,
                            const std::string &port, const image::ImageView *output);
    void read(const std::string &port, const runtime::Rect &rect, const image::ImageView &pixels);
    void write(const std::string &port, const runtime::Rect &rect, const image::ImageView &pixels);

  private:
    static bool go(const Message &answer) {
        if (answer.body.contains("is")) throw_error(answer.body);
        return answer.body.at("go");
    }
    [[nodiscard]] Message ask(const Json &body, int attached = -1) {
        const std::lock_guard lock(mutex_);
        channel_.send(body, std::span(&attached, attached < 0 ? 0U : 1U));
        return channel_.receive();
    }

    Channel &channel_;
    std::mutex mutex_;
};

SharedMemory copied(const image::ImageView &pixels) {
    SharedMemory memory(packed_bytes(pixels));
    host::copy_samples(pixels, packed_view(pixels, memory.bytes()));
    return memory;
}

bool Asker::tile(const runtime::Rect &rect, const image::ImageView &pixels, const std::string &port,
                 const image::ImageView *output) {
    Json body{{"is", "tile"}, {"rect", rect}, {"port", port}, {"transfer", pixels.transfer}};
    if (output == nullptr) { // of a sink
        const SharedMemory memory = copied(pixels);
        return go(ask(body, memory.descriptor()));
    }
    const std::ptrdiff_t from = pixels.data[0] - output->data[0];
    body["place"] = runtime::Rect{from % output->y_stride / output->x_stride, from / output->y_stride,
                                  pixels.width, pixels.height};
    return go(ask(body));
}

void Asker::read(const std::string &port, const runtime::Rect &rect, const image::ImageView &pixels) {
    Message answer = ask({{"is", "read"}, {"port", port}, {"rect", rect}});
    go(answer);
    if (answer.attached.empty()) throw Gone();
    const SharedMemory memory(std::move(answer.attached[0]), packed_bytes(pixels));
    host::copy_samples(packed_view(pixels, memory.bytes()), pixels);
}

void Asker::write(const std::string &port, const runtime::Rect &rect, const image::ImageView &pixels) {
    const SharedMemory memory = copied(pixels);
    go(ask({{"is", "write"}, {"port", port}, {"rect", rect}}, memory.descriptor()));
}

void set_callbacks(const Json &in, host::Session &session, host::RunRequest &request,
                   const std::shared_ptr<Asker> &asker) {
    for (const auto &[name, what] : in.at("sources").items())
        request.sources[name] = {decode_view(what),
                                 [asker, name](const runtime::Rect &rect, const image::ImageView &pixels) {
                                     asker->read(name, rect, pixels);
                                 }};
    for (const auto &[name, what] : in.at("sinks").items())
        request.sinks[name] = {decode_view(what),
                               [asker, name](const runtime::Rect &rect, const image::ImageView &pixels) {
                                   asker->write(name, rect, pixels);
                               }};
    if (in.at("tells").at("progress"))
        request.progress = [asker](const host::Progress &progress) { return asker->progress(progress); };
    if (!in.at("tells").at("tile")) return;
    const mirra_port_info *first = host::main_output(session.task());
    const std::string port = first == nullptr ? "" : first->name;
    const auto output = request.images.find(port);
    const auto view = output == request.images.end() ? std::optional<image::ImageView>() : output->second;
    request.tile = [asker, port, view](const runtime::Rect &rect, const image::ImageView &pixels,
                                       const host::Place * /*place*/) {
        return asker->tile(rect, pixels, port, view ? &*view : nullptr);
    };
}

} // namespace

void send_with_tensors(Channel &channel, Json body, const host::TensorSet &tensors) {
    if (tensors.empty()) {
        body["tensors"] = Json::object();
        channel.send(body);
        return;
    }
    const SharedMemory memory(std::max<std::size_t>(tensor_bytes(tensors), 1));
    body["tensors"] = write_tensors(tensors, memory.bytes());
    const int descriptor = memory.descriptor();
    channel.send(body, {&descriptor, 1});
}

void serve_run(Channel &channel, host::Session &session, Message &request,
               const std::shared_ptr<host::CancelToken> &token) {
    const SharedMemory memory =
        request.attached.empty()
            ? SharedMemory()
            : SharedMemory(std::move(request.attached[0]), request.body.at("bytes").get<std::size_t>());
    host::RunRequest run = read_request(request.body, memory);
    const auto asker = std::make_shared<Asker>(channel);
    set_callbacks(request.body, session, run, asker);
    run.cancels.push_back(token);
    const auto result = session.run(std::move(run));
    send_with_tensors(channel, {{"is", "result"}, {"result", *result}, {"values", encode(result->values)}},
                      borrowed(result->tensors));
}

} // namespace mirra::isolation

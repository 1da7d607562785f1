// Messages over a local socket: a head of fixed size, with which descriptors travel, and a body of CBOR.
#include "channel.hpp"

#include "mirra/error.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace mirra::isolation {
namespace {

constexpr std::uint32_t kLargestBody = 1U << 26;
constexpr std::uint32_t kMostAttached = 8;
constexpr int kLookEveryMs = 5;

struct Head {
    std::uint32_t body = 0, attached = 0;
};

/// A body as it is read. nlohmann's reader goes as deep as its input; what is deeper than any message ends it
/// here.
class BoundedBody final : public nlohmann::json_sax<Json> {
  public:
    Json root;

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t &) override { return add(value); }
    bool string(string_t &value) override { return add(std::move(value)); }
    bool binary(binary_t &) override { return false; }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool key(string_t &name) override {
        key_ = std::move(name);
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string &, const nlohmann::detail::exception &) override {
        return false;
    }

  private:
    static constexpr std::size_t kDeepest = 16;

    Json *put(Json value) {
        if (open_.empty()) return &(root = std::move(value));
        Json &parent = *open_.back();
        if (parent.is_object()) return &(parent[key_] = std::move(value));
        parent.push_back(std::move(value));
        return &parent.back();
    }
    bool add(Json value) {
        put(std::move(value));
        return true;
    }
    bool open(Json value) {
        if (open_.size() == kDeepest) return false;
        open_.push_back(put(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::vector<Json *> open_;
    std::string key_;
};

void wait_for(int socket, short event, const Idle &idle) {
    for (;;) {
        pollfd waiting{socket, event, 0};
        const int ready = poll(&waiting, 1, idle ? kLookEveryMs : -1);
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR) throw Gone();
        if (idle) idle();
    }
}

/// What send and receive have in common: as much at a time as goes.
template<class Transfer>
void transfer_all(int socket, std::size_t size, short event, const Idle &idle, const Transfer &transfer) {
    for (std::size_t done = 0; done < size;) {
        const ssize_t now = transfer(done);
        if (now > 0) {
            done += static_cast<std::size_t>(now);
        } else if (now < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait_for(socket, event, idle);
        } else if (now == 0 || errno != EINTR) {
            throw Gone();
        }
    }
}

using Control = std::array<char, CMSG_SPACE(sizeof(int) * kMostAttached)>;

void send_head(int socket, const Head &head, std::span<const int> attached, const Idle &idle) {
    alignas(cmsghdr) Control control{};
    transfer_all(socket, sizeof(head), POLLOUT, idle, [&](std::size_t done) {
        Head left = head;
        iovec part{reinterpret_cast<char *>(&left) + done, sizeof(left) - done};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (!attached.empty() && done == 0) {
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(attached.size_bytes());
            cmsghdr *about = CMSG_FIRSTHDR(&message);
            about->cmsg_level = SOL_SOCKET;
            about->cmsg_type = SCM_RIGHTS;
            about->cmsg_len = CMSG_LEN(attached.size_bytes());
            std::memcpy(CMSG_DATA(about), attached.data(), attached.size_bytes());
        }
        return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    });
}

void take_descriptors(msghdr &message, std::vector<Descriptor> &out) {
    for (cmsghdr *about = CMSG_FIRSTHDR(&message); about != nullptr; about = CMSG_NXTHDR(&message, about)) {
        if (about->cmsg_level != SOL_SOCKET || about->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (about->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::array<int, kMostAttached> descriptors{};
        std::memcpy(descriptors.data(), CMSG_DATA(about), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) out.emplace_back(descriptors.at(i));
    }
}

Head receive_head(int socket, std::vector<Descriptor> &attached, const Idle &idle) {
    alignas(cmsghdr) Control control{};
    Head head;
    transfer_all(socket, sizeof(head), POLLIN, idle, [&](std::size_t done) {
        iovec part{reinterpret_cast<char *>(&head) + done, sizeof(head) - done};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t now = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (now > 0) take_descriptors(message, attached);
        return now;
    });
    return head;
}

} // namespace

std::pair<Channel, Channel> Channel::pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw Error(ErrorCode::limit, "cannot make a local socket: " + std::generic_category().message(errno),
                    "flags", "Raise the process's limit of open files.");
    return {Channel(Descriptor(ends[0])), Channel(Descriptor(ends[1]))};
}

void Channel::send(const Json &body, std::span<const int> attached, const Idle &idle) {
    const std::vector<std::uint8_t> bytes = Json::to_cbor(body);
    if (bytes.size() > kLargestBody)
        throw Error(ErrorCode::limit, "the texts of a call are longer than its process can be sent");
    send_head(socket_.get(),
              {static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint32_t>(attached.size())},
              attached, idle);
    transfer_all(socket_.get(), bytes.size(), POLLOUT, idle, [&](std::size_t done) {
        return ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    });
}

Message Channel::receive(const Idle &idle) {
    Message out;
    const Head head = receive_head(socket_.get(), out.attached, idle);
    if (head.body > kLargestBody || head.attached != out.attached.size()) throw Gone();
    std::vector<std::uint8_t> bytes(head.body);
    transfer_all(socket_.get(), bytes.size(), POLLIN, idle, [&](std::size_t done) {
        return recv(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_DONTWAIT);
    });
    BoundedBody body;
    if (!Json::sax_parse(bytes, &body, nlohmann::detail::input_format_t::cbor) || !body.root.is_object())
        throw Gone();
    out.body = std::move(body.root);
    return out;
}

void Channel::shut_down() noexcept {
    if (socket_.get() >= 0) shutdown(socket_.get(), SHUT_RDWR);
}

} // namespace mirra::isolation

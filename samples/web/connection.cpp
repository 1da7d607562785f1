// The server's side of connections.
#include "connection.hpp"

#include "guard.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace web {
namespace {

/// Time and bytes of one direction of a request.
class Allowance {
  public:
    Allowance(std::chrono::milliseconds base, double bytes_per_second, std::size_t bytes)
        : end_(Clock::now() + base)
        , rate_(bytes_per_second)
        , left_(bytes) {}

    [[nodiscard]] std::size_t left() const { return left_; }
    void used(std::size_t bytes) {
        left_ -= std::min(left_, bytes);
        if (rate_ > 0)
            end_ += std::chrono::duration_cast<Clock::duration>(
                std::chrono::duration<double>(static_cast<double>(bytes) / rate_));
    }
    /// Waits until the socket is ready; false where the time is over.
    [[nodiscard]] bool wait(socket_t socket, short events) const {
        for (;;) {
            const auto rest =
                std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
            if (rest <= 0) return false;
            pollfd one{socket, events, 0};
            const int ready = poll(&one, 1, static_cast<int>(std::min<std::int64_t>(rest, 1 << 30)));
            if (ready >= 0 || errno != EINTR) return ready > 0;
        }
    }

  private:
    Clock::time_point end_;
    double rate_;
    std::size_t left_;
};

constexpr std::size_t kUnlimited = SIZE_MAX;

class LimitedStream final : public httplib::Stream {
  public:
    LimitedStream(socket_t socket, const ConnectionLimits &limits)
        : socket_(socket)
        , limits_(limits)
        , reading_(limits.header_time, 0, limits.header_bytes)
        , writing_(limits.header_time + limits.base_time, limits.bytes_per_second, kUnlimited) {}

    /// The headers are read; so many bytes follow.
    void begin_body(std::size_t bytes) {
        const std::size_t here = filled_ - at_;
        reading_ = Allowance(limits_.base_time, limits_.bytes_per_second, bytes - std::min(here, bytes));
        body_left_ = bytes;
    }
    /// The work on the request is done; the answer follows.
    void begin_answer() { writing_ = Allowance(limits_.base_time, limits_.bytes_per_second, kUnlimited); }

    [[nodiscard]] bool is_readable() const override {
        return at_ < filled_ || reading_.wait(socket_, POLLIN);
    }
    [[nodiscard]] bool is_writable() const override { return writing_.wait(socket_, POLLOUT); }

    ssize_t read(char *bytes, std::size_t size) override {
        size = std::min(size, body_left_);
        if (size == 0) return 0;
        if (at_ == filled_) {
            const std::size_t most = std::min(buffer_.size(), reading_.left());
            ssize_t got = -1;
            do {
                if (most == 0 || !reading_.wait(socket_, POLLIN)) return -1;
                got = recv(socket_, buffer_.data(), most, MSG_DONTWAIT);
            } while (got < 0 && (errno == EINTR || errno == EAGAIN));
            if (got <= 0) return got;
            at_ = 0;
            filled_ = static_cast<std::size_t>(got);
            reading_.used(filled_);
        }
        size = std::min(size, filled_ - at_);
        std::memcpy(bytes, buffer_.data() + at_, size);
        at_ += size;
        if (body_left_ != kUnlimited) body_left_ -= size;
        answering_ = false; // What was written so far was "100 Continue".
        return static_cast<ssize_t>(size);
    }
    ssize_t write(const char *bytes, std::size_t size) override {
        if (!std::exchange(answering_, true)) begin_answer();
        if (!writing_.wait(socket_, POLLOUT)) return -1;
        const ssize_t sent = send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) writing_.used(static_cast<std::size_t>(sent));
        return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
    }
    void get_remote_ip_and_port(std::string &ip, int &port) const override {
        ip = "127.0.0.1";
        port = 0;
    }
    void get_local_ip_and_port(std::string &ip, int &port) const override {
        get_remote_ip_and_port(ip, port);
    }
    [[nodiscard]] socket_t socket() const override { return socket_; }

  private:
    socket_t socket_;
    const ConnectionLimits &limits_;
    Allowance reading_, writing_;
    std::array<char, 16 << 10> buffer_{};
    std::size_t at_ = 0, filled_ = 0;
    std::size_t body_left_ = kUnlimited; ///< of the bytes that read() may give
    bool answering_ = false;
};

/// Says that nothing more is sent, and takes for a moment what the client still sends: closing at once would
/// make its system throw the answer away.
void close_kindly(socket_t socket) {
    shutdown(socket, SHUT_WR);
    constexpr std::size_t kMost = 4 << 20;
    const auto end = Clock::now() + std::chrono::milliseconds(500);
    std::array<char, 64 << 10> dropped{};
    for (std::size_t bytes = 0; bytes < kMost && Clock::now() < end;) {
        pollfd one{socket, POLLIN, 0};
        if (poll(&one, 1, 100) <= 0) continue;
        const ssize_t got = recv(socket, dropped.data(), dropped.size(), MSG_DONTWAIT);
        if (got <= 0) break;
        bytes += static_cast<std::size_t>(got);
    }
}

class Socket {
  public:
    explicit Socket(socket_t socket) : socket_(socket) {}
    Socket(const Socket &) = delete;
    Socket &operator=(const Socket &) = delete;
    ~Socket() { close(socket_); }

  private:
    socket_t socket_;
};

/// Threads that serve connections; what does not fit is done at once by the thread that brings it.
class Pool final : public httplib::TaskQueue {
  public:
    Pool(std::size_t threads, std::size_t waiting, Connections &connections,
         std::atomic<std::thread::id> &acceptor)
        : most_(waiting)
        , connections_(connections)
        , acceptor_(acceptor)
        , idle_(threads) {
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
    }
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;
    ~Pool() override { shutdown(); }

    void enqueue(std::function<void()> task) override {
        acceptor_ = std::this_thread::get_id();
        std::unique_lock hold(lock_);
        if (tasks_.size() >= idle_) connections_.cut_slowest();
        if (tasks_.size() >= idle_ + most_) {
            hold.unlock();
            task();
            return;
        }
        tasks_.push_back(std::move(task));
        hold.unlock();
        change_.notify_one();
    }
    void shutdown() override {
        {
            const std::lock_guard hold(lock_);
            ended_ = true;
        }
        change_.notify_all();
        threads_.clear();
    }

  private:
    void serve() {
        std::unique_lock hold(lock_);
        for (;;) {
            change_.wait(hold, [&] { return ended_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            const std::function<void()> task = std::move(tasks_.front());
            tasks_.pop_front();
            --idle_;
            hold.unlock();
            task();
            hold.lock();
            ++idle_;
        }
    }

    const std::size_t most_;
    Connections &connections_;
    std::atomic<std::thread::id> &acceptor_;
    std::mutex lock_;
    std::condition_variable change_;
    std::deque<std::function<void()>> tasks_;
    std::size_t idle_;
    bool ended_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace

Connections::Seat::Seat(Connections &all, socket_t socket) : all_(all), socket_(socket) {
    const std::lock_guard hold(all_.lock_);
    place_ = all_.seats_.insert(all_.seats_.end(), this);
    if (all_.closed_) shutdown(socket_, SHUT_RDWR);
}

Connections::Seat::~Seat() {
    const std::lock_guard hold(all_.lock_);
    all_.seats_.erase(place_);
}

void Connections::Seat::busy() {
    const std::lock_guard hold(all_.lock_);
    busy_ = true;
}

void Connections::cut_slowest() {
    const std::lock_guard hold(lock_);
    const auto found = std::ranges::find_if(seats_, [](const Seat *seat) { return !seat->busy_; });
    if (found == seats_.end()) return;
    shutdown((*found)->socket_, SHUT_RDWR);
    (*found)->busy_ = true; // The next call takes another one.
}

void Connections::cut_all() {
    const std::lock_guard hold(lock_);
    closed_ = true;
    for (const Seat *seat : seats_) shutdown(seat->socket_, SHUT_RDWR);
}

namespace {

/// Without SO_REUSEPORT, by which two servers would share a port and mix up their clients.
void set_options(socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const int bytes = 256 << 10; // that the system keeps of an answer to a client that does not read
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

} // namespace

LimitedServer::LimitedServer(const ConnectionLimits &limits) : limits_(limits) {
    set_socket_options(set_options);
    new_task_queue = [this] { return new Pool(limits_.threads, limits_.waiting, connections_, acceptor_); };
}

void LimitedServer::end() {
    stop();
    connections_.cut_all();
}

bool LimitedServer::process_and_close_socket(socket_t socket) {
    const Socket owner(socket);
    if (std::this_thread::get_id() == acceptor_) { // All threads are taken.
        constexpr std::string_view kAnswer = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                             "Retry-After: 5\r\nContent-Length: 0\r\n\r\n";
        return send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    }
    Connections::Seat seat(connections_, socket);
    LimitedStream stream(socket, limits_);
    bool closed = true;
    const bool served = process_request(stream, true, closed, [&](httplib::Request &request) {
        seat.busy();
        request.ranges
            .clear(); // A thousand overlapping ones would make an answer of a thousand times the size.
        stream.begin_body(body_length(request).value_or(0));
    });
    close_kindly(socket);
    return served;
}

} // namespace web

// The server's side of connections: what one client may take of time and bytes, and all of them of threads.
//
// cpp-httplib has a time limit for each read, and none for a whole request: a client that sends a byte every
// few seconds would hold a thread for hours. Here a request must arrive at a least rate, headers are
// bounded together, and when all threads are taken the client that is slowest to ask is cut off.
#ifndef MIRRA_WEB_CONNECTION_HPP_
#define MIRRA_WEB_CONNECTION_HPP_

#include <chrono>
#include <cstddef>
#include <functional>
#include <httplib.h>
#include <list>
#include <mutex>

namespace web {

using Clock = std::chrono::steady_clock;

struct ConnectionLimits {
    std::chrono::milliseconds header_time{5000};
    std::chrono::milliseconds base_time{10000}; ///< of a body, and of an answer
    double bytes_per_second = 64 << 10;         ///< that both must reach after it
    std::size_t header_bytes = 16 << 10;
    std::size_t threads = 32;
    std::size_t waiting = 32;
};

/// The connections that are open.
class Connections {
  public:
    /// Counts as waiting for its request until busy() is called; leaves at its end.
    class Seat {
      public:
        Seat(Connections &all, socket_t socket);
        Seat(const Seat &) = delete;
        Seat &operator=(const Seat &) = delete;
        ~Seat();
        void busy();

      private:
        friend class Connections;
        Connections &all_;
        socket_t socket_;
        bool busy_ = false;
        std::list<Seat *>::iterator place_;
    };

    /// Ends the connection that has waited longest for the rest of its request, if there is one.
    void cut_slowest();
    /// Ends all of them, and each that comes later.
    void cut_all();

  private:
    std::mutex lock_;
    std::list<Seat *> seats_; ///< the oldest first
    bool closed_ = false;
};

/// A server whose connections are limited. Each serves one request: what a client sends after it is never
/// taken for another.
class LimitedServer : public httplib::Server {
  public:
    explicit LimitedServer(const ConnectionLimits &limits);
    /// Takes no more connections, and ends those that are open.
    void end();

  private:
    bool process_and_close_socket(socket_t socket) override;

    const ConnectionLimits limits_;
    Connections connections_;
    std::atomic<std::thread::id> acceptor_{};
};

} // namespace web

#endif // MIRRA_WEB_CONNECTION_HPP_

// What was uploaded and what runs gave, under names that nobody guesses; bounded in bytes and in time.
#ifndef MIRRA_WEB_STORE_HPP_
#define MIRRA_WEB_STORE_HPP_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mirra/mirra.hpp>
#include <mutex>
#include <string>

namespace web {

namespace api = mirra::api;
using Clock = std::chrono::steady_clock;

/// Counts bytes that are held against a limit.
class Ledger {
  public:
    explicit Ledger(std::uint64_t limit) : limit_(limit) {}

    /// Bytes that are counted as long as it lives.
    class Share {
      public:
        Share() noexcept = default;
        Share(Share &&other) noexcept;
        Share &operator=(Share &&other) noexcept;
        Share(const Share &) = delete;
        Share &operator=(const Share &) = delete;
        ~Share();

      private:
        friend class Ledger;
        Ledger *ledger_ = nullptr;
        std::uint64_t bytes_ = 0;
    };

    /// False where there is no room.
    bool take(std::uint64_t bytes, Share &share);

  private:
    const std::uint64_t limit_;
    std::mutex lock_;
    std::uint64_t held_ = 0;
};

/// A file of the server's own that is gone with its owner.
class TemporaryFile {
  public:
    TemporaryFile() = default;
    TemporaryFile(std::filesystem::path path, const std::string &bytes);
    TemporaryFile(TemporaryFile &&other) noexcept : path_(std::exchange(other.path_, {})) {}
    TemporaryFile &operator=(TemporaryFile &&other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~TemporaryFile();
    [[nodiscard]] const std::filesystem::path &path() const { return path_; }

  private:
    std::filesystem::path path_;
};

enum class Kind { picture, tensors, bundle, file };

struct Item {
    Ledger::Share share; ///< given back last
    Kind kind = Kind::picture;
    api::Picture picture;
    std::shared_ptr<const Item> source; ///< picture that a result comes of; its metadata goes along
    api::Tensors tensors;
    api::Bundle bundle;
    TemporaryFile file;
};
using ItemPointer = std::shared_ptr<const Item>;

/// What an upload is to become.
struct Upload {
    Kind kind = Kind::picture;
    std::string bytes;
    std::string ending; ///< "cube"; letters and digits only
};

class Store {
  public:
    Store(std::uint64_t bytes, std::uint64_t max_pixels, std::chrono::minutes keep);
    Store(const Store &) = delete;
    Store &operator=(const Store &) = delete;
    ~Store();

    /// Room for so many bytes, for which the oldest items that nobody uses give way.
    /// @throws api::Error limit
    Ledger::Share room(std::uint64_t bytes);
    /// Reads and keeps what a client sent. @throws api::Error
    std::string add(const Upload &upload);
    std::string add(ItemPointer item);
    /// @throws api::Error not_found
    ItemPointer get(const std::string &name);
    void remove(const std::string &name);
    /// Lets go of what nobody asked for.
    void expire();

  private:
    struct Kept {
        ItemPointer item;
        Clock::time_point used;
    };
    bool drop_oldest();
    void read(Item &item, const Upload &upload);

    Ledger ledger_;
    const std::uint64_t max_pixels_;
    const std::chrono::minutes keep_;
    std::filesystem::path folder_;
    std::mutex decoding_; ///< one at a time, so that their memory is bounded
    std::mutex lock_;
    std::map<std::string, Kept> items_;
};

/// Of the pixels of an image.
std::uint64_t bytes_of(const mirra_image &image);

} // namespace web

#endif // MIRRA_WEB_STORE_HPP_

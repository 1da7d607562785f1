// Recordings of what a device does in a network's run (CUDA graphs), so that the next run is one launch: what
// is recorded, for how long it is kept, and what is done where it cannot be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mirra::cuda {

/// Holds memory of its device: inputs, outputs and what lies between them.
class Recording {
  public:
    virtual ~Recording() = default;
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

/// One run of a network, on inputs that are there. @throws Error
class GraphRun {
  public:
    virtual ~GraphRun() = default;
    /// Puts the network's steps on the device, one after the other.
    virtual void launch() = 0;
    /// Records them; nothing is computed. An error that is none of the device's leaves all as it was.
    virtual std::shared_ptr<Recording> record() = 0;
    /// Computes what was recorded, on this run's inputs.
    virtual void replay(Recording &recording) = 0;

    /// As DeviceLedger::take() and room().
    virtual bool take(std::uint64_t holder, std::uint64_t bytes) = 0;
    [[nodiscard]] virtual std::uint64_t room() const = 0;
    /// Of the device's memory.
    [[nodiscard]] virtual std::uint64_t free_bytes() const = 0;
    /// What a recording will hold, about.
    [[nodiscard]] virtual std::uint64_t expected_bytes() const = 0;
    /// For people.
    virtual void note(const std::string &text) = 0;
};

/// The recordings of one device. Thread-safe.
class GraphCache {
  public:
    struct Limits {
        std::size_t count = 16;                         ///< recordings
        std::uint64_t bytes = 0;                        ///< that all of them hold
        std::uint64_t spare = std::uint64_t{256} << 20; ///< of the device, which must stay free
        unsigned warm_up = 2; ///< runs before one is recorded: libraries choose kernels and take workspaces
    };
    explicit GraphCache(const Limits &limits) : limits_(limits) {}
    GraphCache(const GraphCache &) = delete;
    GraphCache &operator=(const GraphCache &) = delete;

    /// A compiled network, with its precision, and the extents of all inputs.
    struct Key {
        std::uint64_t network = 0;
        std::vector<std::int64_t> extents;
        [[nodiscard]] bool operator==(const Key &) const = default;
    };
    /// A number for a network.
    [[nodiscard]] std::uint64_t new_network();
    /// Runs it in one of these ways. @throws Error, what `run` throws
    void run(const Key &key, GraphRun &run);
    /// A network that is gone.
    void forget(std::uint64_t network);

    [[nodiscard]] std::size_t count() const;
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    enum class State : std::uint8_t { warming, recording, recorded, given_up };
    enum class Way : std::uint8_t { launch, record, replay };
    struct Entry {
        Key key;
        State state = State::warming;
        std::uint64_t runs = 0, needed_runs = 0; ///< so far, and before it is recorded
        std::uint64_t bytes = 0;                 ///< of the recording, also of one that is gone; 0: not known
        std::uint64_t number = 0;                ///< of the recording
        std::shared_ptr<Recording> recording;
        bool told = false;       ///< why it is not recorded
        std::mutex replays = {}; ///< the recording has one set of inputs and outputs
    };
    using EntryPtr = std::shared_ptr<Entry>;
    using Dropped = std::vector<std::shared_ptr<Recording>>; ///< given back when mutex_ is not held

    /// By one who holds mutex_:
    EntryPtr find(const Key &key);
    /// @param why  set where people may want to know it
    [[nodiscard]] Way way_of(Entry &entry, GraphRun &run, std::string &why);
    [[nodiscard]] Way way_of_new(Entry &entry, GraphRun &run, std::string &why);
    void drop(Entry &entry, Dropped &dropped);
    void make_room(std::uint64_t bytes, Dropped &dropped);

    void record(const EntryPtr &entry, GraphRun &run);
    /// Whether it is kept.
    [[nodiscard]] bool keep(Entry &entry, std::shared_ptr<Recording> made, GraphRun &run);
    void give_up(Entry &entry, GraphRun &run, const std::string &why);
    void replay(Entry &entry, GraphRun &run);
    /// Of a device that failed.
    void abandon(Entry &entry, const std::shared_ptr<Recording> &recording);
    /// Where there is no memory for it, recordings make room.
    void launch(GraphRun &run);
    [[nodiscard]] bool drop_all();

    const Limits limits_;
    mutable std::mutex mutex_;
    std::list<EntryPtr> entries_; ///< what was used last comes first
    std::size_t count_ = 0;
    std::uint64_t bytes_ = 0, last_network_ = 0, last_recording_ = 0;
};

} // namespace mirra::cuda

// Recordings of what a device does in a network's run.
#include "runtime/cuda/graph_cache.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace mirra::cuda {
namespace {

/// One that was dropped is recorded again the later the more often that happens: shapes that take turns must
/// not be recorded all the time.
constexpr std::uint64_t kLaterEachTime = 4;
/// Shapes that are remembered, for each that may be recorded.
constexpr std::size_t kRemembered = 4;

std::string text_of(const GraphCache::Key &key) {
    std::string text;
    for (const std::int64_t extent : key.extents)
        text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return "the network's run on " + text + " is not recorded: ";
}

} // namespace

std::uint64_t GraphCache::new_network() {
    const std::lock_guard lock(mutex_);
    return ++last_network_;
}

GraphCache::EntryPtr GraphCache::find(const Key &key) {
    const auto found = std::ranges::find_if(entries_, [&](const EntryPtr &each) { return each->key == key; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
        return entries_.front();
    }
    auto made = std::make_shared<Entry>();
    made->key = key;
    made->needed_runs = limits_.warm_up;
    entries_.push_front(std::move(made));
    const auto idle = [](const EntryPtr &each) {
        return each->state == State::warming || each->state == State::given_up;
    };
    if (entries_.size() > kRemembered * limits_.count)
        if (const auto last = std::find_if(entries_.rbegin(), entries_.rend(), idle); last != entries_.rend())
            entries_.erase(std::next(last).base());
    return entries_.front();
}

GraphCache::Way GraphCache::way_of_new(Entry &entry, GraphRun &run, std::string &why) {
    if (++entry.runs <= entry.needed_runs) return Way::launch;
    const std::uint64_t bytes = entry.bytes != 0 ? entry.bytes : run.expected_bytes();
    if (bytes > limits_.bytes) {
        entry.state = State::given_up;
        why = "it would take more memory than recordings may";
    } else if (run.room() < bytes) {
        why = "the memory limit leaves no room for it";
    } else if (run.free_bytes() < bytes + limits_.spare) {
        why = "memory is short";
    } else {
        entry.state = State::recording;
        return Way::record;
    }
    return Way::launch;
}

GraphCache::Way GraphCache::way_of(Entry &entry, GraphRun &run, std::string &why) {
    switch (entry.state) {
    case State::warming:
        return way_of_new(entry, run, why);
    case State::recorded:
        if (run.take(entry.number, entry.bytes)) return Way::replay;
        why = "the memory limit leaves no room for what is";
        break;
    case State::recording: // by another thread
    case State::given_up:
        break;
    }
    return Way::launch;
}

void GraphCache::run(const Key &key, GraphRun &run) {
    EntryPtr entry;
    Way way = Way::launch;
    std::string why;
    {
        const std::lock_guard lock(mutex_);
        entry = find(key);
        way = way_of(*entry, run, why);
        if (!why.empty() && std::exchange(entry->told, true)) why.clear();
    }
    if (!why.empty()) run.note(text_of(key) + why); // a caller's function may be called
    if (way == Way::launch) return launch(run);
    if (way == Way::record) return record(entry, run);
    replay(*entry, run);
}

void GraphCache::record(const EntryPtr &entry, GraphRun &run) {
    std::shared_ptr<Recording> made;
    try {
        made = run.record();
    } catch (const Error &error) {
        give_up(*entry, run, error.what());
        if (error.code() == ErrorCode::device) throw;
    } catch (...) {
        give_up(*entry, run, "it failed");
        throw;
    }
    if (made != nullptr && keep(*entry, std::move(made), run)) return replay(*entry, run);
    launch(run);
}

bool GraphCache::keep(Entry &entry, std::shared_ptr<Recording> made, GraphRun &run) {
    Dropped dropped;
    const std::lock_guard lock(mutex_);
    entry.bytes = std::max<std::uint64_t>(made->bytes(), 1);
    entry.number = ++last_recording_;
    entry.state = State::warming;
    if (entry.bytes > limits_.bytes || !run.take(entry.number, entry.bytes)) {
        dropped.push_back(std::move(made));
        return false;
    }
    make_room(entry.bytes, dropped);
    entry.recording = std::move(made);
    entry.state = State::recorded;
    ++count_;
    bytes_ += entry.bytes;
    return true;
}

void GraphCache::make_room(std::uint64_t bytes, Dropped &dropped) {
    for (const EntryPtr &each : std::views::reverse(entries_)) {
        if (count_ < limits_.count && bytes_ + bytes <= limits_.bytes) return;
        if (each->state == State::recorded) drop(*each, dropped);
    }
}

void GraphCache::drop(Entry &entry, Dropped &dropped) {
    --count_;
    bytes_ -= entry.bytes;
    dropped.push_back(std::move(entry.recording));
    entry.recording = nullptr;
    entry.state = State::warming;
    entry.runs = 0;
    entry.needed_runs = std::max<std::uint64_t>(entry.needed_runs, 1) * kLaterEachTime;
}

void GraphCache::give_up(Entry &entry, GraphRun &run, const std::string &why) {
    {
        const std::lock_guard lock(mutex_);
        entry.state = State::given_up;
    }
    run.note(text_of(entry.key) + why);
}

void GraphCache::replay(Entry &entry, GraphRun &run) {
    const std::lock_guard one_at_a_time(entry.replays);
    std::shared_ptr<Recording> recording;
    {
        const std::lock_guard lock(mutex_);
        recording = entry.recording;
    }
    if (recording == nullptr) return launch(run); // it made room for another
    try {
        return run.replay(*recording);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::device) abandon(entry, recording);
        if (error.code() != ErrorCode::out_of_memory) throw;
    }
    static_cast<void>(drop_all());
    launch(run);
}

void GraphCache::abandon(Entry &entry, const std::shared_ptr<Recording> &recording) {
    Dropped dropped;
    const std::lock_guard lock(mutex_);
    if (entry.recording == recording) drop(entry, dropped);
    entry.state = State::given_up;
}

void GraphCache::launch(GraphRun &run) {
    try {
        return run.launch();
    } catch (const Error &error) {
        if (error.code() != ErrorCode::out_of_memory || !drop_all()) throw;
    }
    run.note("recordings of networks' runs are dropped, since memory is short");
    run.launch();
}

bool GraphCache::drop_all() {
    Dropped dropped;
    const std::lock_guard lock(mutex_);
    for (const EntryPtr &entry : entries_)
        if (entry->state == State::recorded) drop(*entry, dropped);
    return !dropped.empty();
}

void GraphCache::forget(std::uint64_t network) {
    Dropped dropped;
    const std::lock_guard lock(mutex_);
    for (const EntryPtr &entry : entries_)
        if (entry->key.network == network && entry->state == State::recorded) drop(*entry, dropped);
    std::erase_if(entries_, [&](const EntryPtr &entry) { return entry->key.network == network; });
}

std::size_t GraphCache::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

std::uint64_t GraphCache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

} // namespace mirra::cuda

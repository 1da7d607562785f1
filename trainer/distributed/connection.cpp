// Meeting in a store; the one source that sees Gloo's headers; loading the NCCL module.
#include "distributed/connection.hpp"

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <dlfcn.h>
#include <random>
#include <stdexcept>
#include <thread>

namespace mirra::trainer {
namespace {

// Every process leaves a word of its own; the first answers each word that it sees with the meeting's name,
// until as many as there are have taken the answer. Words and answers of earlier starts match nobody's.
constexpr std::chrono::milliseconds kPause{5};
constexpr const char *kMeetings = "mirra/meetings";

std::string fresh_word() {
    std::random_device device;
    return std::to_string(device()) + "-" + std::to_string(device());
}

std::string word_key(int rank) {
    return "mirra/word/" + std::to_string(rank);
}

std::string answer_key(const std::string &word) {
    return "mirra/answer/" + word;
}

std::string taken_key(const std::string &name) {
    return "mirra/taken/" + name;
}

std::string text_at(c10d::Store &store, const std::string &key) {
    const auto bytes = store.get(key);
    return {bytes.begin(), bytes.end()};
}

void put(c10d::Store &store, const std::string &key, const std::string &text) {
    store.set(key, std::vector<std::uint8_t>(text.begin(), text.end()));
}

/// "NUMBER/WORD" of the meeting that the first process holds.
std::string invite(c10d::Store &store, int size, std::chrono::milliseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    const auto name = std::to_string(store.add(kMeetings, 1)) + "/" + fresh_word();
    while (store.add(taken_key(name), 0) < size - 1) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error("not all processes have come in time");
        for (int rank = 1; rank < size; ++rank)
            if (store.check({word_key(rank)})) put(store, answer_key(text_at(store, word_key(rank))), name);
        std::this_thread::sleep_for(kPause);
    }
    return name;
}

std::string join(c10d::Store &store, int rank, std::chrono::milliseconds timeout) {
    const auto word = fresh_word();
    put(store, word_key(rank), word);
    store.wait({answer_key(word)}, timeout);
    const auto name = text_at(store, answer_key(word));
    store.add(taken_key(name), 1);
    return name;
}

} // namespace

Meeting meet(c10d::Store &store, int rank, int size, std::chrono::milliseconds timeout) {
    const auto name = rank == 0 ? invite(store, size, timeout) : join(store, rank, timeout);
    return {.name = name, .first = name.starts_with("1/")};
}

c10::intrusive_ptr<c10d::Backend> gloo_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout) {
    return c10::make_intrusive<c10d::ProcessGroupGloo>(
        store, rank, size, c10d::ProcessGroupGloo::Options::create_default(timeout));
}

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout,
                                               std::string &reason) {
    void *module = dlopen("libmirra_train_nccl.so", RTLD_NOW | RTLD_LOCAL);
    auto *entry = module ? reinterpret_cast<NcclEntry *>(dlsym(module, kNcclEntry)) : nullptr;
    c10::intrusive_ptr<c10d::Backend> out;
    if (entry)
        entry(store, rank, size, timeout, out);
    else
        reason = dlerror();
    return out;
}

} // namespace mirra::trainer

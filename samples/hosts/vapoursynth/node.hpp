// One use of a filter in a script: a clip that goes through it.
#pragma once

#include "filters.hpp"

#include <VapourSynth4.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace mirra_vapoursynth {

/// Lets so many threads through at a time.
class Gate {
  public:
    explicit Gate(int places) noexcept : free_(places) {}
    void enter();
    void leave() noexcept;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_;
};

struct OwnedFrame {
    const VSAPI *vs;
    void operator()(const VSFrame *frame) const noexcept { vs->freeFrame(frame); }
};
using ConstFrame = std::unique_ptr<const VSFrame, OwnedFrame>;
using Frame = std::unique_ptr<VSFrame, OwnedFrame>;

/// Thread-safety: safe; frames are filtered by as many threads as the gate lets through.
class Node {
  public:
    /// Takes over `clip`. @throws mirra::api::Error if the clip cannot be filtered so
    Node(std::shared_ptr<mirra_filters::Filters> filters, const mirra_filters::Filter &filter,
         mirra_filters::Values values, VSNode *clip, int at_once, VSCore *core, const VSAPI *vs);
    ~Node();
    Node(const Node &) = delete;
    Node &operator=(const Node &) = delete;

    [[nodiscard]] VSNode *clip() const noexcept { return clip_.get(); }
    /// What comes out: an upscaler's frames are larger, those of a task that draws are in colours.
    [[nodiscard]] const VSVideoInfo &info() const noexcept { return info_; }
    /// @throws mirra::api::Error
    [[nodiscard]] Frame frame(int number, const VSFrame *source, VSCore *core);

  private:
    struct OwnedNode {
        const VSAPI *vs;
        void operator()(VSNode *node) const noexcept { vs->freeNode(node); }
    };

    const VSAPI *vs_;
    std::shared_ptr<mirra_filters::Filters> filters_;
    const mirra_filters::Filter &filter_;
    const mirra_filters::Values values_;
    std::unique_ptr<VSNode, OwnedNode> clip_;
    VSVideoInfo info_;
    Gate gate_;
};

} // namespace mirra_vapoursynth

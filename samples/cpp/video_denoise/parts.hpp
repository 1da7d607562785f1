// The parts of a video that are done, in the folder OUTPUT.parts, so that a run can go on after it was
// killed.
#pragma once

#include "options.hpp"
#include "scene.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace video {

class Parts {
  public:
    /// Makes the folder, or goes on with the one that is there. Holds a lock on it, against a second run.
    /// @throws Failure if the options do not allow either
    explicit Parts(const Options &options);
    Parts(const Parts &) = delete;
    Parts &operator=(const Parts &) = delete;
    ~Parts();

    [[nodiscard]] std::int64_t frames() const { return frames_; } ///< that are done
    [[nodiscard]] const Scene &scene() const { return scene_; }   ///< of the last of them
    [[nodiscard]] bool complete() const { return complete_; }     ///< the video has no further frames
    [[nodiscard]] std::vector<std::filesystem::path> files() const;

    /// Where the next part is written until it is whole.
    [[nodiscard]] std::filesystem::path unfinished() const;
    /// Takes the unfinished part over. Once this returns, its frames count as done.
    void add(std::int64_t frames, const Scene &scene);
    void set_complete();
    /// Gives the finished video its name, and removes the folder.
    void finish(const std::filesystem::path &joined);

  private:
    void lock();
    void load();
    void save() const;
    [[nodiscard]] std::filesystem::path file(std::size_t number) const;

    std::filesystem::path folder_, output_;
    nlohmann::json run_; ///< what must be the same for a run to go on
    std::vector<std::int64_t> counts_;
    Scene scene_;
    std::int64_t frames_ = 0;
    bool complete_ = false;
    int lock_ = -1;
};

} // namespace video

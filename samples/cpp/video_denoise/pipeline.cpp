#include "pipeline.hpp"

#include "error.hpp"
#include "frame.hpp"
#include "progress.hpp"
#include "queue.hpp"

#include <mirra/mirra.hpp>
#include <opencv2/videoio.hpp>

#include <cmath>
#include <cstdio>
#include <future>
#include <optional>

namespace video {
namespace {

namespace api = mirra::api;
using Stop = const volatile std::sig_atomic_t;

struct Frame {
    cv::Mat pixels;
    std::int64_t index = 0;
    Scene scene; ///< known once the frame is denoised
};
using Frames = Queue<Frame>;

constexpr std::size_t kWaiting = 4; // frames between two stages

cv::VideoCapture open(const Options &options) {
    cv::VideoCapture capture(options.input.string());
    if (capture.isOpened()) return capture;
    throw Failure("cannot read " + options.input.string() + " as a video",
                  "OpenCV must know its format; `ffmpeg -i FILE file.mp4` converts most files.");
}

double frame_rate(const cv::VideoCapture &capture) {
    const double rate = capture.get(cv::CAP_PROP_FPS);
    return std::isfinite(rate) && rate > 0 ? rate : 25;
}

std::int64_t frame_count(const cv::VideoCapture &capture) {
    const double count = capture.get(cv::CAP_PROP_FRAME_COUNT);
    return std::isfinite(count) && count > 0 ? static_cast<std::int64_t>(count) : 0;
}

// ---- the three stages, each on a thread of its own

/// Goes to the first frame that is to be done. Seeking is not exact in every format, so frames are counted.
/// On the way it looks at the first frame of the scene that goes on.
SceneFinder skip(cv::VideoCapture &capture, const Parts &parts, Stop &stopped) {
    SceneFinder finder;
    for (std::int64_t i = 0; i < parts.frames() && stopped == 0; ++i) {
        cv::Mat first;
        if (!capture.grab() || (i == parts.scene().start && !capture.retrieve(first)))
            throw Failure("the video ends at frame " + std::to_string(i) + ", where an earlier run went on",
                          "Begin anew with --restart.");
        if (i == parts.scene().start) finder = SceneFinder(parts.scene(), first);
    }
    return finder;
}

void decode(cv::VideoCapture &capture, std::int64_t index, Frames &frames, Stop &stopped) {
    const Closing<Frame> closing(frames);
    for (; stopped == 0; ++index) {
        Frame frame{{}, index, {}};
        if (!capture.read(frame.pixels) || frame.pixels.empty()) return;
        if (frame.pixels.type() != CV_8UC3)
            throw Failure("frame " + std::to_string(index) + " is not of 8 bits and three colours",
                          "Convert the video first.");
        if (!frames.push(std::move(frame))) return;
    }
}

/// Writes parts until there are no more frames.
class Encoder {
  public:
    Encoder(const Options &options, Parts &parts, double rate)
        : options_(options)
        , parts_(parts)
        , rate_(rate) {}

    void write(const Frame &frame) {
        if (!writer_.isOpened()) open(frame.pixels.size());
        writer_.write(frame.pixels);
        scene_ = frame.scene;
        if (++count_ == options_.part_frames) close();
    }
    void close() {
        if (count_ == 0) return;
        writer_.release();
        parts_.add(count_, scene_);
        count_ = 0;
    }

  private:
    void open(cv::Size size) {
        const std::string file = parts_.unfinished().string();
        const std::string &codec = options_.codec;
        const int code = cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]);
        if (!writer_.open(file, cv::CAP_FFMPEG, code, rate_, size))
            throw Failure("OpenCV cannot write " + file + " with the codec " + codec,
                          "Try another --codec or ending, such as mp4v for .mp4; or check the folder.");
    }

    const Options &options_;
    Parts &parts_;
    double rate_;
    cv::VideoWriter writer_;
    Scene scene_;
    std::int64_t count_ = 0;
};

/// whole: says, once there are no more frames, whether these were all of the video
void encode(Encoder &encoder, Frames &frames, const std::atomic<bool> &whole) {
    const Closing<Frame> closing(frames);
    while (const std::optional<Frame> frame = frames.pop()) encoder.write(*frame);
    if (whole) encoder.close();
}

api::Session session_for(const api::Engine &engine, const Options &options) {
    api::SessionOptions wanted;
    wanted.task = "denoise";
    wanted.quality = options.quality;
    wanted.threads = options.threads;
    wanted.memory_limit = options.memory_mb * 1000000;
    api::Session session = engine.session(wanted);
    session.set_text("sigma", options.sigma);
    session.set("strength", options.strength);
    return session;
}

/// The middle stage, on the caller's thread. Returns false if it was stopped.
bool compute(api::Session &session, const Options &options, SceneFinder &scenes, Progress &progress,
             Frames &from, Frames &to, Stop &stopped) {
    const bool measured = options.sigma == "auto";
    const double fixed = measured ? 0 : session.value("sigma").as<double>();
    while (std::optional<Frame> frame = from.pop()) {
        if (stopped != 0) return false;
        frame->scene = measured ? scenes.of(frame->pixels, frame->index) : Scene{0, fixed};
        if (measured) session.set("sigma", frame->scene.sigma);
        const api::Image pixels(described(frame->pixels));
        api::RunOptions run;
        run.frame = frame->index;
        run.progress = [&](const mirra_progress &) { return stopped == 0; };
        session.run({api::in("image", pixels), api::out("output", pixels)}, run); // in place
        const double sigma = frame->scene.sigma;
        if (!to.push(std::move(*frame))) return true; // the encoder says why
        progress.frame(sigma);
    }
    return stopped == 0;
}

void warn_if_short(std::int64_t stated, std::int64_t read, const Options &options) {
    if (read >= stated - 2 - stated / 100) return; // many formats state an estimate
    std::fprintf(stderr, "warning: %s states %lld frames, and %lld could be read: it may be damaged\n",
                 options.input.c_str(), static_cast<long long>(stated), static_cast<long long>(read));
}

} // namespace

bool denoise(const Options &options, Parts &parts, Stop &stopped) {
    cv::VideoCapture capture = open(options);
    const api::Engine engine = api::Engine::create();
    api::Session session = session_for(engine, options);
    Progress progress(frame_count(capture), parts.frames(), options.quiet);
    SceneFinder scenes = skip(capture, parts, stopped);

    Frames decoded(kWaiting), denoised(kWaiting);
    Encoder encoder(options, parts, frame_rate(capture));
    std::atomic<bool> whole = false;
    std::future<void> decoding =
        std::async(std::launch::async, [&] { decode(capture, parts.frames(), decoded, stopped); });
    std::future<void> encoding = std::async(std::launch::async, [&] { encode(encoder, denoised, whole); });
    {
        // However the middle ends, so do the others; their futures wait for them.
        const Closing<Frame> first(decoded), last(denoised);
        try {
            whole = compute(session, options, scenes, progress, decoded, denoised, stopped);
        } catch (const api::Error &error) {
            if (error.code() != MIRRA_E_CANCELLED) throw;
        }
        decoded.close();
        decoding.get(); // a frame that cannot be read is not the end of the video
        whole = whole && stopped == 0;
    }
    encoding.get();
    progress.end();
    if (!whole) return false;
    warn_if_short(frame_count(capture), parts.frames(), options);
    if (parts.frames() == 0)
        throw Failure(options.input.string() + " has no frames that can be read", "Check the file.");
    parts.set_complete();
    return true;
}

} // namespace video

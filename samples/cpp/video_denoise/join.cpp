#include "join.hpp"

#include "error.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <memory>
#include <string>

namespace video {
namespace fs = std::filesystem;
namespace {

struct Closer {
    void operator()(AVFormatContext *context) const { avformat_close_input(&context); }
    void operator()(AVPacket *packet) const { av_packet_free(&packet); }
};
using Reader = std::unique_ptr<AVFormatContext, Closer>;
using Packet = std::unique_ptr<AVPacket, Closer>;

void check(int status, const fs::path &file) {
    if (status >= 0) return;
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(status, text, sizeof(text));
    throw Failure(file.string() + ": " + text,
                  "Is the disk full? The parts stay: make room and use --resume.");
}

/// Without a protocol, a name with a colon would be taken for one.
std::string url(const fs::path &file) {
    return "file:" + file.string();
}

Reader opened(const fs::path &file) {
    AVFormatContext *context = nullptr;
    check(avformat_open_input(&context, url(file).c_str(), nullptr, nullptr), file);
    Reader reader(context);
    check(avformat_find_stream_info(context, nullptr), file);
    if (context->nb_streams != 1) throw Failure(file.string() + " is no part of a video", "Use --restart.");
    return reader;
}

/// The file to be written: its stream is made as that of the first part, then packets follow.
class Writer {
  public:
    Writer(const fs::path &file, const AVStream &like) : file_(file) {
        AVFormatContext *context = nullptr;
        check(avformat_alloc_output_context2(&context, nullptr, nullptr, url(file).c_str()), file);
        context_.reset(context);
        context->flags |= AVFMT_FLAG_BITEXACT; // the same parts make the same file
        AVStream *stream = avformat_new_stream(context, nullptr);
        if (stream == nullptr) check(AVERROR(ENOMEM), file);
        check(avcodec_parameters_copy(stream->codecpar, like.codecpar), file);
        if (stream->codecpar->codec_tag != 0 && context->oformat->codec_tag != nullptr &&
            av_codec_get_id(context->oformat->codec_tag, like.codecpar->codec_tag) != like.codecpar->codec_id)
            stream->codecpar->codec_tag = 0;
        stream->codecpar->bit_rate = 0; // an estimate, which hangs on the part
        stream->time_base = like.time_base;
        stream->avg_frame_rate = like.avg_frame_rate;
        check(avio_open(&context->pb, url(file).c_str(), AVIO_FLAG_WRITE), file);
        check(avformat_write_header(context, nullptr), file);
    }
    void write(AVPacket &packet, AVRational time_base) {
        av_packet_rescale_ts(&packet, time_base, context_->streams[0]->time_base);
        packet.pos = -1;
        check(av_interleaved_write_frame(context_.get(), &packet), file_);
    }
    void finish() {
        check(av_write_trailer(context_.get()), file_);
        check(avio_closep(&context_->pb), file_);
    }

  private:
    struct Free {
        void operator()(AVFormatContext *context) const {
            avio_closep(&context->pb);
            avformat_free_context(context);
        }
    };

    fs::path file_;
    std::unique_ptr<AVFormatContext, Free> context_;
};

Packet packet_for(const fs::path &file) {
    Packet packet(av_packet_alloc());
    if (packet == nullptr) check(AVERROR(ENOMEM), file);
    return packet;
}

} // namespace

std::int64_t count_frames(const fs::path &file) {
    try {
        const Reader reader = opened(file);
        const Packet packet = packet_for(file);
        std::int64_t frames = 0;
        for (; av_read_frame(reader.get(), packet.get()) == 0; av_packet_unref(packet.get())) ++frames;
        return frames;
    } catch (const Failure &) {
        return 0;
    }
}

void join(const std::vector<fs::path> &files, const fs::path &output) {
    const Packet packet = packet_for(output);
    std::unique_ptr<Writer> writer;
    std::int64_t frames = 0; // of the files before
    for (const fs::path &file : files) {
        const Reader reader = opened(file);
        const AVStream &stream = *reader->streams[0];
        if (!writer) writer = std::make_unique<Writer>(output, stream);
        const std::int64_t start = av_rescale_q(frames, av_inv_q(stream.avg_frame_rate), stream.time_base) -
                                   (stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time);
        int status = 0;
        while ((status = av_read_frame(reader.get(), packet.get())) == 0) {
            if (packet->pts != AV_NOPTS_VALUE) packet->pts += start;
            if (packet->dts != AV_NOPTS_VALUE) packet->dts += start;
            writer->write(*packet, stream.time_base);
            ++frames;
        }
        if (status != AVERROR_EOF) check(status, file);
    }
    writer->finish();
}

} // namespace video

// frame VIDEO NUMBER PICTURE: writes a frame of a video as a picture, for check.py.
#include "frame.hpp"

#include <opencv2/videoio.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 4) return std::fputs("usage: frame VIDEO NUMBER PICTURE\n", stderr), 2;
    cv::VideoCapture capture(argv[1]);
    cv::Mat pixels;
    for (int i = 0; i <= std::atoi(argv[2]); ++i)
        if (!capture.read(pixels)) return std::fprintf(stderr, "%s has no frame %d\n", argv[1], i), 1;
    try {
        mirra::api::write(argv[3], mirra::api::ConstImage(video::described(pixels)));
    } catch (const mirra::api::Error &error) {
        return std::fprintf(stderr, "%s\n", error.what()), 1;
    }
    return 0;
}

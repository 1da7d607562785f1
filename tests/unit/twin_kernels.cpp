// Stands for the module of the kernels with the processor's twins, for GPUs that are the processor under
// other names. What is put on streams is written down in order, and memory of a GPU (fake_cuda_driver.c) is
// reached by this module alone.
#include "runtime/cuda/host_twins.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>

#include <dlfcn.h>

namespace {

struct Notes {
    std::mutex mutex;
    std::string text;
};

Notes &notes() {
    static Notes all;
    return all;
}

std::string name_of(const void *handle) {
    return std::to_string(reinterpret_cast<std::uintptr_t>(handle));
}

void note(const std::string &line) {
    const std::lock_guard lock(notes().mutex);
    notes().text += line + '\n';
}

/// Opens the memory of the GPUs for the time of a call.
class Opened {
  public:
    Opened() { call("fake_cuda_open"); }
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;
    ~Opened() { call("fake_cuda_close"); }

  private:
    static void call(const char *name) {
        void *const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
        if (driver == nullptr) return;
        if (auto *const function = reinterpret_cast<void (*)()>(dlsym(driver, name))) function();
        dlclose(driver);
    }
};

/// Streams and fences have numbers of their own.
std::int32_t make_handle(void **handle) {
    static std::atomic<std::uintptr_t> last{1000};
    *handle = reinterpret_cast<void *>(++last); // NOLINT(performance-no-int-to-ptr)
    return 0;
}

std::int32_t to_device(void *to, const void *from, std::size_t bytes, void *stream) {
    note("up on " + name_of(stream));
    const Opened opened;
    return mirra::cuda::host_twins().to_device(to, from, bytes, stream);
}

std::int32_t to_processor(void *to, const void *from, std::size_t bytes, void *stream) {
    note("down on " + name_of(stream));
    const Opened opened;
    return mirra::cuda::host_twins().to_processor(to, from, bytes, stream);
}

std::int32_t mark_fence(void *fence, void *stream) {
    note("mark " + name_of(fence) + " on " + name_of(stream));
    return std::getenv("MIRRA_FAKE_STREAM_LOST") == nullptr ? 0 : 999;
}

std::int32_t wait_on_stream(void *stream, void *fence) {
    note(name_of(stream) + " waits for " + name_of(fence));
    return 0;
}

std::int32_t wait_for_fence(void *fence) {
    note("thread waits for " + name_of(fence));
    return 0;
}

std::int32_t gather_tile(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                         const mirra_cuda_gathering *gathering, void *stream) {
    note("gather on " + name_of(stream));
    const Opened opened;
    return mirra::cuda::host_twins().gather_tile(image, tile, gathering, stream);
}

std::int32_t scatter_tile(const mirra_cuda_tile *tile, const mirra_cuda_core *core,
                          const mirra_cuda_image *source, const mirra_cuda_image *image, void *stream) {
    note("scatter on " + name_of(stream));
    const Opened opened;
    return mirra::cuda::host_twins().scatter_tile(tile, core, source, image, stream);
}

} // namespace

/// What was put on streams since the last call, a line each.
extern "C" __attribute__((visibility("default"))) void twin_notes(void (*take)(void *user, const char *text),
                                                                  void *user) {
    const std::lock_guard lock(notes().mutex);
    take(user, notes().text.c_str());
    notes().text.clear();
}

extern "C" __attribute__((visibility("default"))) const mirra_cuda_kernels *mirra_cuda_kernels_v2() {
    static const std::int32_t kArchitectures[] = {800, 860, 900};
    static const mirra_cuda_kernels table = [] {
        mirra_cuda_kernels out = mirra::cuda::host_twins();
        out.cuda = out.driver = 13000;
        out.architectures = kArchitectures;
        out.architecture_count = 3;
        out.create_stream = out.create_fence = make_handle;
        out.to_device = to_device;
        out.to_processor = to_processor;
        out.mark_fence = mark_fence;
        out.wait_on_stream = wait_on_stream;
        out.wait_for_fence = wait_for_fence;
        out.gather_tile = gather_tile;
        out.scatter_tile = scatter_tile;
        return out;
    }();
    return &table;
}

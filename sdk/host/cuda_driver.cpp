// What NVIDIA's driver says of itself and of its GPUs.
#include "cuda_driver.hpp"

#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <array>
#include <memory>

#include <dlfcn.h>

namespace mirra::host {
namespace {

/// The driver's interface, as far as it is asked; its types are those of cuda.h.
struct Functions {
    int (*init)(unsigned flags) = nullptr;
    int (*version)(int *version) = nullptr;
    int (*count)(int *count) = nullptr;
    int (*device)(int *device, int ordinal) = nullptr;
    int (*name)(char *name, int length, int device) = nullptr;
    int (*memory)(std::size_t *bytes, int device) = nullptr;
    int (*attribute)(int *value, int attribute, int device) = nullptr;
    int (*error_text)(int error, const char **text) = nullptr;
    int (*pointer_attributes)(unsigned count, int *attributes, void **values,
                              std::uint64_t pointer) = nullptr;
    int (*retain_context)(void **context, int device) = nullptr;
    int (*release_context)(int device) = nullptr;
    int (*push_context)(void *context) = nullptr;
    int (*pop_context)(void **context) = nullptr;
    int (*read)(void *to, std::uint64_t from, std::size_t bytes) = nullptr;
};
constexpr int kNoDevice = 100, kCapabilityMajor = 75, kCapabilityMinor = 76;
constexpr int kMemoryType = 2, kIsManaged = 8, kOrdinal = 9; // attributes of pointers
constexpr unsigned kOfProcessor = 1, kOfDevice = 2;          // types of memory

template<class Function> bool find(void *library, const char *name, Function &function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

/// The first function that the library lacks; null: it has all.
const char *find_all(void *library, Functions &f) {
    if (!find(library, "cuInit", f.init)) return "cuInit";
    if (!find(library, "cuDriverGetVersion", f.version)) return "cuDriverGetVersion";
    if (!find(library, "cuDeviceGetCount", f.count)) return "cuDeviceGetCount";
    if (!find(library, "cuDeviceGet", f.device)) return "cuDeviceGet";
    if (!find(library, "cuDeviceGetName", f.name)) return "cuDeviceGetName";
    if (!find(library, "cuDeviceTotalMem_v2", f.memory)) return "cuDeviceTotalMem_v2";
    if (!find(library, "cuDeviceGetAttribute", f.attribute)) return "cuDeviceGetAttribute";
    if (!find(library, "cuPointerGetAttributes", f.pointer_attributes)) return "cuPointerGetAttributes";
    if (!find(library, "cuDevicePrimaryCtxRetain", f.retain_context)) return "cuDevicePrimaryCtxRetain";
    if (!find(library, "cuDevicePrimaryCtxRelease_v2", f.release_context))
        return "cuDevicePrimaryCtxRelease_v2";
    if (!find(library, "cuCtxPushCurrent_v2", f.push_context)) return "cuCtxPushCurrent_v2";
    if (!find(library, "cuCtxPopCurrent_v2", f.pop_context)) return "cuCtxPopCurrent_v2";
    if (!find(library, "cuMemcpyDtoH_v2", f.read)) return "cuMemcpyDtoH_v2";
    return find(library, "cuGetErrorString", f.error_text) ? nullptr : "cuGetErrorString";
}

std::string text_of(const Functions &f, int error) {
    const char *text = nullptr;
    if (f.error_text(error, &text) != 0 || text == nullptr) text = "unknown error";
    return std::string(text) + " (error " + std::to_string(error) + ")";
}

/// "8.6" of 860, "13.0" of 13000.
std::string point(int value, int unit) {
    return std::to_string(value / unit) + "." + std::to_string(value % unit / 10);
}

int read_gpu(const Functions &f, int ordinal, CudaGpu &gpu) {
    int device = 0, major = 0, minor = 0;
    std::array<char, 256> name{};
    std::size_t bytes = 0;
    for (const int error : {f.device(&device, ordinal), f.name(name.data(), int{name.size() - 1}, device),
                            f.memory(&bytes, device), f.attribute(&major, kCapabilityMajor, device),
                            f.attribute(&minor, kCapabilityMinor, device)})
        if (error != 0) return error;
    gpu = {name.data(), bytes, major * 100 + minor * 10};
    return 0;
}

CudaDriver ask(const Functions &f) {
    CudaDriver driver;
    const auto refuse = [&](const std::string &reason) {
        driver.reason = reason;
        driver.gpus.clear();
        return driver;
    };
    int count = 0;
    if (const int error = f.init(0); error == kNoDevice)
        return refuse("the NVIDIA driver finds no GPU; nvidia-smi lists those that it has");
    else if (error != 0)
        return refuse("the NVIDIA driver does not start: " + text_of(f, error) +
                      "; nvidia-smi may tell more, after an update the machine must be started again");
    for (const int error : {f.version(&driver.cuda), f.count(&count)})
        if (error != 0) return refuse("the NVIDIA driver does not answer: " + text_of(f, error));
    for (int i = 0; i < count; ++i) {
        driver.gpus.emplace_back();
        if (const int error = read_gpu(f, i, driver.gpus.back()); error != 0)
            return refuse("the NVIDIA driver does not describe its GPU " + std::to_string(i) + ": " +
                          text_of(f, error));
    }
    return count > 0 ? driver
                     : refuse("the NVIDIA driver has no GPU for this process; see CUDA_VISIBLE_DEVICES");
}

void *load_driver() {
    const ForkPause pause; // the loader is at work
    return dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
}

class LoadedMemory final : public CudaMemory {
  public:
    explicit LoadedMemory(const Functions &functions) : f_(functions) {}

    [[nodiscard]] MemoryPlace place_of(const void *address) const override {
        unsigned type = 0, managed = 0; // of which the driver writes what it knows
        int gpu = 0;
        int attributes[] = {kMemoryType, kIsManaged, kOrdinal};
        void *values[] = {&type, &managed, &gpu};
        using Kind = MemoryPlace::Kind;
        if (f_.pointer_attributes(3, attributes, values, reinterpret_cast<std::uintptr_t>(address)) != 0)
            return {};
        if (managed != 0) return {Kind::managed, gpu};
        if (type == kOfDevice) return {Kind::gpu, gpu};
        return {type == kOfProcessor ? Kind::pinned : Kind::processor, 0};
    }

    void read(void *to, const void *from, std::size_t bytes, int gpu) const override {
        int device = 0;
        void *context = nullptr;
        check(f_.device(&device, gpu));
        check(f_.retain_context(&context, device));
        int error = f_.push_context(context);
        if (error == 0) {
            error = f_.read(to, reinterpret_cast<std::uintptr_t>(from), bytes);
            f_.pop_context(&context);
        }
        f_.release_context(device);
        check(error);
    }

  private:
    void check(int error) const {
        if (error != 0)
            throw Error(ErrorCode::device, "the GPU's memory cannot be read: " + text_of(f_, error),
                        "device");
    }

    const Functions f_;
};

} // namespace

const CudaMemory *cuda_memory() {
    static const std::unique_ptr<const CudaMemory> memory = []() -> std::unique_ptr<const CudaMemory> {
        void *const library = load_driver();
        Functions functions;
        if (library == nullptr || find_all(library, functions) != nullptr || functions.init(0) != 0)
            return nullptr;
        return std::make_unique<LoadedMemory>(functions);
    }();
    return memory.get();
}

CudaDriver ask_cuda_driver() {
    void *const library = load_driver();
    if (library == nullptr)
        return {"no NVIDIA driver was found; install one, or use the device 'cpu'", 0, {}};
    Functions functions;
    if (const char *lacking = find_all(library, functions); lacking != nullptr)
        return {std::string("libcuda.so.1 is no driver that can be used: it has no ") + lacking, 0, {}};
    return ask(functions);
}

std::string why_too_old(const CudaDriver &driver, const mirra_cuda_kernels &kernels) {
    if (driver.cuda >= kernels.driver) return {};
    const char *const least = kernels.driver >= 13000 ? "580" : "525"; // NVIDIA's numbers of drivers
    return "the NVIDIA driver knows CUDA " + point(driver.cuda, 1000) + ", and Mirra's kernels need CUDA " +
           point(kernels.driver, 1000) + "; install a driver of version " + least + " or newer";
}

std::string why_not_built(const CudaGpu &gpu, const mirra_cuda_kernels &kernels) {
    std::string built;
    for (int i = 0; i < kernels.architecture_count; ++i) {
        // Code runs on its own architecture, and on those of the same major number that came later.
        const int one = kernels.architectures[i];
        if (one / 100 == gpu.capability / 100 && one <= gpu.capability) return {};
        built += (built.empty() ? "" : ", ") + point(one, 100);
    }
    if (kernels.intermediate != 0 && kernels.intermediate <= gpu.capability) return {};
    return gpu.name + " has compute capability " + point(gpu.capability, 100) +
           ", and Mirra's kernels are built for " + built +
           "; build them with -DMIRRA_CUDA_ARCHITECTURES=" + std::to_string(gpu.capability / 10);
}

} // namespace mirra::host

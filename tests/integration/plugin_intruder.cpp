// plugin_intruder.cpp - plugins whose results are right, and that do something to the process that loads them
// or to other plugins, one for each value of INTRUDER: `mirra plugin-check` must find each but the first two.
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace {

enum {
    BEHAVES = 1,
    TIDIES_UP, // leaves all as it was, but for what the library sees to
    SETS_LOCALE,
    SETS_CPP_LOCALE,
    CHANGES_FOLDER,
    SETS_UMASK,
    HANDLES_SIGNALS,
    PRINTS,
    THROWS_IN_DESTROY,
    SPEAKS_LATIN,
    TAKES_ID,  // that of another plugin
    TAKES_TASK // the name of another plugin's
};

struct Comma : std::numpunct<char> {
    [[nodiscard]] char do_decimal_point() const override { return ','; }
};

void handle(int) {}

void set_c_locale() {
    for (const char *name : {"C.UTF-8", "C.utf8", "POSIX"})
        if (std::setlocale(LC_ALL, name) != nullptr) return;
}

void tidy_up() {
    const mode_t mask = umask(0);
    umask(mask);
    const auto before = std::signal(SIGINT, SIG_IGN);
    std::signal(SIGINT, before);
    std::fesetround(FE_UPWARD);
}

mirra_status create(void *, const mirra_host_api *host, void **instance, mirra_error **) {
    if (INTRUDER == HANDLES_SIGNALS) std::signal(SIGINT, handle);
    *instance = new const mirra_host_api *(host);
    return MIRRA_OK;
}

void destroy(void *instance) {
    delete static_cast<const mirra_host_api **>(instance);
    if (INTRUDER == THROWS_IN_DESTROY) throw std::runtime_error("destroy");
    if (INTRUDER == SETS_UMASK) umask(0123);
}

mirra_status configure(void *, mirra_context *, mirra_setup *, mirra_error **) {
    return MIRRA_OK;
}

mirra_status process(void *instance, mirra_context *, const mirra_tile *, const mirra_tensor *input,
                     mirra_tensor **output, mirra_error **) {
    if (INTRUDER == TIDIES_UP) tidy_up();
    if (INTRUDER == SETS_LOCALE) set_c_locale();
    if (INTRUDER == SETS_CPP_LOCALE) std::locale::global(std::locale(std::locale(), new Comma));
    if (INTRUDER == CHANGES_FOLDER && chdir("/") != 0) std::abort();
    if (INTRUDER == PRINTS) std::printf("a word of the plugin's\n");
    *output = (*static_cast<const mirra_host_api **>(instance))->tensor_retain(input);
    return MIRRA_OK;
}

mirra_port_info port(mirra_direction direction, const char *name) {
    MIRRA_STRUCT(mirra_port_info, made);
    made.direction = direction;
    made.type = MIRRA_TYPE_IMAGE;
    made.name = name;
    made.label = "An image";
    made.doc = INTRUDER == SPEAKS_LATIN ? "caf\xe9" : "An image.";
    return made;
}

mirra_status init(const mirra_host_api *host, std::uint32_t, mirra_error **error) {
    static const mirra_port_info ports[] = {port(MIRRA_PORT_INPUT, "image"),
                                            port(MIRRA_PORT_OUTPUT, "output")};
    static mirra_task task;
    task.struct_size = sizeof(task);
    task.flags = MIRRA_TASK_NO_NETWORK;
    task.name = INTRUDER == TAKES_TASK ? "gain" : "intruder";
    task.label = "Intruder";
    task.doc = "Gives the image as it is.";
    task.ports = ports;
    task.port_count = 2;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.process = process;
    return host->register_task(host, &task, error);
}

} // namespace

extern "C" mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = INTRUDER == TAKES_ID ? "org.example.gain" : "org.example.intruder";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}

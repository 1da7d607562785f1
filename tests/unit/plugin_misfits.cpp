// plugin_misfits.cpp - plugins that throw, state wrong sizes, use what is not theirs any more, or treat the
// process as their own: one for each value of MISFIT. Each is passed over, gets an error, or does no harm.
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "mirra/mirra_plugin.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <clocale>
#include <csignal>
#include <unistd.h>

namespace {

enum {
    THROWS_IN_QUERY = 1,
    THROWS_IN_INIT,
    THROWS_IN_CREATE,
    THROWS_IN_CONFIGURE,
    THROWS_IN_BEGIN,
    THROWS_A_NUMBER,
    THROWS_IN_FINISH,
    TASK_OF_NO_SIZE,
    TASK_CUT_SHORT,
    TASK_WITH_TAIL,
    PORT_CUT_SHORT,
    PARAM_CUT_SHORT,
    SAME_TASK_TWICE,
    FROM_A_THREAD,
    PARAMS_NAMED_AS_PORTS,
    PARAMS_NAMED_AS_OPTIONS,
    THOUSAND_PARAMS,
    SPEAKS_ALL_ABIS,
    LONG_DOC,
    GIVES_KEPT,
    THREAD_KEEPS_CONTEXT,
    DESTROY_KEEPS_CONTEXT,
    POSITIVE_STATUS,
    OK_WITH_ERROR,
    NO_INSTANCE,
    HUGE_EXTRA,
    LOGS_A_LOT,
    CRASHES_WHEN_LOADED,
    HANGS_IN_QUERY,
    PRINTS,
    CHANGES_FOLDER,
    CHANGES_LOCALE,
    IGNORES_SIGNALS,
    HANGS_IN_PROCESS
};

struct Instance {
    const mirra_host_api *host = nullptr;
    mirra_context *context = nullptr;
    mirra_tensor *kept = nullptr;
    std::thread thread = {};
    std::atomic<bool> stop{false};
};

const mirra_host_api *the_host; // of the one that has no instance

mirra_status create(void *, const mirra_host_api *host, void **instance, mirra_error **) {
    if (MISFIT == THROWS_IN_CREATE) throw std::runtime_error("create");
    the_host = host;
    if (MISFIT == NO_INSTANCE) return MIRRA_OK;
    auto *made = new Instance;
    made->host = host;
    *instance = made;
    return MIRRA_OK;
}

void destroy(void *instance) {
    if (MISFIT == NO_INSTANCE) std::abort(); // there is nothing to destroy
    auto *self = static_cast<Instance *>(instance);
    if (MISFIT == DESTROY_KEEPS_CONTEXT) {
        MIRRA_STRUCT(mirra_value, value);
        MIRRA_STRUCT(mirra_run_info, info);
        if (self->host->param(self->context, "level", &value, nullptr) != MIRRA_E_INVALID_ARGUMENT ||
            self->host->run_info(self->context, &info, nullptr) != MIRRA_E_INVALID_ARGUMENT)
            std::abort();
    }
    self->stop = true;
    if (self->thread.joinable()) self->thread.join();
    delete self;
}

mirra_status configure(void *, mirra_context *, mirra_setup *setup, mirra_error **) {
    if (MISFIT == THROWS_IN_CONFIGURE) throw 42;
    if (MISFIT == HUGE_EXTRA) setup->extra_bytes_per_pixel = UINT64_MAX;
    return MIRRA_OK;
}

mirra_status begin(void *, mirra_context *, mirra_error **) {
    if (MISFIT == THROWS_IN_BEGIN) throw std::bad_alloc();
    return MIRRA_OK;
}

/// Uses the context for as long as the instance lives, and the tensor with it.
void haunt(Instance &self, const mirra_tensor *input) {
    self.thread = std::thread([&self, context = self.context, input] {
        while (!self.stop) {
            mirra_tensor *made = nullptr;
            double sigma = 0;
            self.host->cancelled(context);
            self.host->estimate_noise(context, &sigma, nullptr);
            self.host->tensor_affine(context, input, 2, 0, &made, nullptr);
            self.host->tensor_release(made);
        }
    });
}

void treat_process_as_own() {
    if (MISFIT == PRINTS) {
        std::puts("a word of the plugin's");
        std::fflush(stdout);
    }
    if (MISFIT == CHANGES_FOLDER && chdir("/") != 0) std::abort();
    if (MISFIT == CHANGES_LOCALE) {
        // Where the system has one with a decimal comma.
        for (const char *name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"})
            if (std::setlocale(LC_ALL, name) != nullptr) break;
    }
    if (MISFIT == IGNORES_SIGNALS) {
        for (const int number : {SIGINT, SIGTERM, SIGSEGV}) std::signal(number, SIG_IGN);
    }
    while (MISFIT == HANGS_IN_PROCESS) sleep(1);
}

mirra_status process(void *instance, mirra_context *context, const mirra_tile *, const mirra_tensor *input,
                     mirra_tensor **output, mirra_error **error) {
    auto *self = static_cast<Instance *>(instance);
    if (MISFIT == THROWS_A_NUMBER) throw 42;
    treat_process_as_own();
    if (self != nullptr) self->context = context;
    if (MISFIT == THREAD_KEEPS_CONTEXT && !self->thread.joinable()) haunt(*self, input);
    if (MISFIT == OK_WITH_ERROR)
        *error = the_host->error_create(the_host, MIRRA_E_DEVICE, "beside OK", nullptr, nullptr);
    if (MISFIT == LOGS_A_LOT)
        for (int i = 0; i < 100000; ++i) the_host->log(the_host, 99, "\xff over and over");
    if (MISFIT == GIVES_KEPT) {
        if (self->kept == nullptr) self->kept = the_host->tensor_retain(input);
        input = self->kept;
    }
    *output = the_host->tensor_retain(input);
    return MISFIT == POSITIVE_STATUS ? 1 : MIRRA_OK;
}

mirra_status finish(void *, mirra_context *, mirra_error **) {
    if (MISFIT == THROWS_IN_FINISH) throw std::string("finish");
    return MIRRA_OK;
}

std::vector<mirra_port_info> ports;
std::vector<mirra_param_info> params;
std::vector<std::string> names;

void describe_ports() {
    for (const char *name : {"image", "output", "mask"}) {
        MIRRA_STRUCT(mirra_port_info, port);
        port.type = MIRRA_TYPE_IMAGE;
        port.direction = std::strcmp(name, "output") == 0 ? MIRRA_PORT_OUTPUT : MIRRA_PORT_INPUT;
        if (std::strcmp(name, "mask") == 0) port.flags = MIRRA_PORT_OPTIONAL;
        port.name = name;
        ports.push_back(port);
    }
    if (MISFIT == PORT_CUT_SHORT) ports[0].struct_size = 8;
}

void describe_params() {
    names = {"level"};
    if (MISFIT == PARAM_CUT_SHORT) names = {"level", "other"};
    if (MISFIT == PARAMS_NAMED_AS_PORTS) names = {"image", "output", "mask"};
    if (MISFIT == PARAMS_NAMED_AS_OPTIONS)
        names = {"help", "json", "device", "task-json", "input", "quiet", "h", "threads", "bundle"};
    if (MISFIT == THOUSAND_PARAMS) {
        names.clear();
        for (int i = 0; i < 1000; ++i) names.push_back("p" + std::to_string(i));
    }
    for (const std::string &name : names) {
        MIRRA_STRUCT(mirra_param_info, param);
        param.type = MIRRA_TYPE_FLOAT;
        param.name = name.c_str();
        param.maximum = 1;
        params.push_back(param);
    }
    if (MISFIT == PARAM_CUT_SHORT) params[1].struct_size = 48;
}

mirra_status init(const mirra_host_api *host, std::uint32_t, mirra_error **error) {
    if (MISFIT == THROWS_IN_INIT) throw std::runtime_error("init");
    if (ports.empty()) {
        describe_ports();
        describe_params();
    }
    static struct {
        mirra_task task;
        unsigned char tail[16];
    } place;
    mirra_task &task = place.task;
    task.struct_size = sizeof(mirra_task);
    task.name = MISFIT_NAME;
    static const std::string long_doc(std::size_t{1} << 20, 'd');
    if (MISFIT == LONG_DOC) task.doc = long_doc.c_str();
    task.ports = ports.data();
    task.port_count = static_cast<std::uint32_t>(ports.size());
    task.params = params.data();
    task.param_count = static_cast<std::uint32_t>(params.size());
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.begin = begin;
    task.process = process;
    task.finish = finish;
    if (MISFIT == TASK_OF_NO_SIZE) task.struct_size = 0;
    if (MISFIT == TASK_CUT_SHORT) task.struct_size = offsetof(mirra_task, process);
    if (MISFIT == TASK_WITH_TAIL) {
        task.struct_size = sizeof(place);
        place.tail[sizeof(place.tail) - 1] = 1;
    }
    mirra_status status = MIRRA_OK;
    if (MISFIT == SAME_TASK_TWICE) status = host->register_task(host, &task, error);
    if (status != MIRRA_OK) return status;
    if (MISFIT != FROM_A_THREAD) return host->register_task(host, &task, error);
    std::thread([&] { status = host->register_task(host, &task, error); }).join();
    return status;
}

__attribute__((constructor)) void when_loaded() {
    if (MISFIT == CRASHES_WHEN_LOADED) std::abort();
}

} // namespace

extern "C" mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {
    if (MISFIT == THROWS_IN_QUERY) throw std::runtime_error("query");
    while (MISFIT == HANGS_IN_QUERY) sleep(1);
    info->abi_min = 1;
    info->abi_max = MISFIT == SPEAKS_ALL_ABIS ? 999 : 1;
    info->id = "org.example.misfit." MISFIT_NAME;
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}

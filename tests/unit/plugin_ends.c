/* plugin_ends.c - a task that ends its process in the middle of a run, in the way that its parameter says. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct instance {
    const mirra_host_api *host;
    char how[16];
} instance;

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    (void)user;
    (void)error;
    const char *stop = getenv("MIRRA_TEST_HANG"); /* a file: while it is there, no session is made */
    while (stop != NULL && access(stop, F_OK) == 0) sleep(1);
    instance *made = host->allocate(host, sizeof(instance));
    if (made == NULL) return MIRRA_E_OUT_OF_MEMORY;
    made->host = host;
    made->how[0] = '\0';
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    instance *ends = self;
    ends->host->release(ends->host, ends);
}

static mirra_status configure(void *self, mirra_context *context, mirra_setup *setup, mirra_error **error) {
    instance *ends = self;
    (void)setup;
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = ends->host->param(context, "how", &value, error);
    if (status == MIRRA_OK) strncpy(ends->how, value.text, sizeof(ends->how) - 1);
    return status;
}

/* Without a sanitizer's own handler, and on a thread that takes no signals. */
static void end_by(int number) {
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    raise(number);
}

static mirra_status process(void *self, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const instance *ends = self;
    (void)tile;
    if (strcmp(ends->how, "crash") == 0) end_by(SIGSEGV);
    if (strcmp(ends->how, "abort") == 0) end_by(SIGABRT);
    if (strcmp(ends->how, "exit") == 0) _exit(7);
    if (strcmp(ends->how, "fork") == 0) { /* the child has all that this process has open */
        if (fork() == 0) {
            setsid();
            sleep(20);
            _exit(0);
        }
        end_by(SIGSEGV);
    }
    while (strcmp(ends->how, "hang") == 0) sleep(1);
    if (strcmp(ends->how, "slow") == 0) usleep(2000);
    return ends->host->tensor_affine(context, input, -1, 1, output, error);
}

static const char *const ways[] = {"never", "slow", "crash", "abort", "exit", "hang", "fork"};

static const mirra_port_info ports[] = {
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_INPUT,
     .type = MIRRA_TYPE_IMAGE,
     .name = "image"},
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_OUTPUT,
     .type = MIRRA_TYPE_IMAGE,
     .name = "output"},
};

static const mirra_param_info params[] = {{
    .struct_size = sizeof(mirra_param_info),
    .type = MIRRA_TYPE_ENUM,
    .since = 1,
    .name = "how",
    .default_text = "never",
    .choices = ways,
    .choice_count = sizeof(ways) / sizeof(ways[0]),
}};

static const mirra_task task = {
    .struct_size = sizeof(mirra_task),
    .flags = MIRRA_TASK_NO_NETWORK,
    .name = "ends",
    .ports = ports,
    .params = params,
    .port_count = 2,
    .param_count = 1,
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .process = process,
};

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    (void)abi;
    return host->register_task(host, &task, error);
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.ends";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}

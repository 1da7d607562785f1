// The same as a library, for a host that is no C++ program: Python with another LibTorch.
#include "run.hpp"

extern "C" __attribute__((visibility("default"))) int life_probe();

int life_probe() {
    mirra_engine *engine = life::make_engine();
    mirra_session *session = nullptr;
    mirra_status status = engine == nullptr ? MIRRA_E_INTERNAL : life::make_session(engine, 0, &session);
    life::Work work(64);
    if (status == MIRRA_OK) status = work.run(session);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return status;
}

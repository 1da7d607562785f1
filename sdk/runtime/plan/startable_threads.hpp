// Whether the system lets a process have the threads that it asks for. No LibTorch.
#pragma once

namespace mirra::runtime {

/// OpenMP ends the process where it cannot start its threads. So as many are started and ended here first, if
/// the calling thread has not had that many yet. @throws Error limit
void check_startable(int count);

} // namespace mirra::runtime

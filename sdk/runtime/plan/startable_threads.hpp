// Whether the system lets a process have the threads that it asks for. No LibTorch.
#pragma once

namespace mirra::runtime {

/// OpenMP ends the process where it cannot start its threads. So as many are started and ended here first, if
/// the calling thread has not had that many yet.
/// @param asked  whether the caller named the number; else it is default_threads()
/// @throws Error limit; the subject is OMP_NUM_THREADS where the number is what that says, else "threads"
void check_startable(int count, bool asked);

/// The threads of a library for which its caller names no number.
/// @param own  what the library takes by itself. The variable OMP_NUM_THREADS says it, which may be meant for
///     other programs: beyond what a caller may ask for there is one for each processor that the
///     process may use.
int default_threads(int own);

} // namespace mirra::runtime

// What a thread of Cairn's knows of itself: one struct, so that an operation touches one cache line to ask.
//
// It is constant-initialised, so that reading it costs no guard; what must be cleaned up when the thread ends is
// registered when its pool opens (pool.cpp).
#pragma once

#include <cairn/core/pool.h>

namespace cairn {

class Executor;
class Tracer;

struct ThreadState {
  bool grad_enabled = true;
  bool in_parallel = false;      ///< Inside a task of parallel_for: nested calls run inline.
  Executor* executor = nullptr;  ///< What parallel_for uses; null: the calling thread alone.
  Tracer* tracer = nullptr;      ///< Sees every dispatched operation; null: nobody does.
  Pool pool;
};

extern constinit thread_local ThreadState thread_state;

}  // namespace cairn

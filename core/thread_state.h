// What a thread of Cairn's knows of itself: one struct, so that an operation touches one cache line to ask.
//
// It is constant-initialised, so that reading it costs no guard; what must be cleaned up when the thread ends is
// registered when its pool opens (pool.cpp).
#pragma once

#include <cstdint>

#include <cairn/core/pool.h>

namespace cairn {

class DetectAnomaly;
class Executor;
class Node;
class Tracer;

struct ThreadState {
  bool grad_enabled = true;
  bool in_parallel = false;          ///< Inside a task of parallel_for: nested calls run inline.
  bool freeing_nodes = false;        ///< Further up the stack somebody empties `nodes_to_free`.
  Executor* executor = nullptr;      ///< What parallel_for uses; null: the calling thread alone.
  Tracer* tracer = nullptr;          ///< Sees every dispatched operation; null: nobody does.
  DetectAnomaly* anomaly = nullptr;  ///< The innermost; null: nobody looks for NaN.
  Node* nodes_to_free = nullptr;     ///< A list (node.cpp).
  std::uint64_t sequence = 0;        ///< Of the last graph node made.
  std::uint64_t backward_run = 0;    ///< The last backward() or grad().
  Pool pool;
};

extern constinit thread_local ThreadState thread_state;

}  // namespace cairn

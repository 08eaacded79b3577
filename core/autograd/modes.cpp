// Gradient mode: whether operations of this thread leave nodes behind.
#include <cairn/core/autograd.h>
#include <cairn/core/thread_state.h>

namespace cairn {

bool is_grad_enabled() { return thread_state.grad_enabled; }

SetGradEnabled::SetGradEnabled(bool on) : before_(thread_state.grad_enabled) { thread_state.grad_enabled = on; }
SetGradEnabled::~SetGradEnabled() { thread_state.grad_enabled = before_; }

}  // namespace cairn

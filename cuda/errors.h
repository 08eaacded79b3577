// Failures inside the backend, and how they leave it: as a status and a text, never as an exception.
//
//   kernel code  ── check(cudaMemcpyAsync(...)) ──►  throws Failure  ──►  guarded(): Status + last_error()  ──►  core
//
// The functions of the table run their work inside `guarded`, so that all between may throw and nothing does across the
// table. Some errors are sticky: after an illegal access every later call fails with the same code, whatever it is,
// until the process ends. They become Status::device_lost.
#pragma once

#include <cuda_runtime_api.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include <cairn/core/backend.h>

namespace cairn::cuda {

struct Failure {
  Status status;
  std::string text;
};

/// Throws Failure unless `error` is cudaSuccess: "invalid argument (cudaErrorInvalidValue)". A sticky error is said to
/// be of an earlier operation, with what it means for the process.
void check(cudaError_t error);

/// The same for calls that wait: whatever they return is of an earlier operation.
void check_wait(cudaError_t error);

/// Whether no later call of this process can succeed on the device.
bool is_sticky(cudaError_t error);

/// The text of the calling thread's last failure; valid until its next.
const char* last_error();
void set_last_error(std::string text) noexcept;
void set_last_error(const char* text) noexcept;

/// Runs `work`; what it throws becomes a status and `last_error`.
template <class Work>
Status guarded(Work&& work) noexcept {
  try {
    work();
    return Status::ok;
  } catch (Failure& failure) {
    set_last_error(std::move(failure.text));
    return failure.status;
  } catch (const std::bad_alloc&) {
    set_last_error("the host has no memory left");
    return Status::out_of_memory;
  } catch (const std::exception& error) {
    set_last_error(error.what());
    return Status::failed;
  }
}

}  // namespace cairn::cuda

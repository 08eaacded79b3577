#include <cairn/io/save_async.h>

#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/io/file_sink.h>
#include <cairn/io/other_formats.h>
#include <cairn/io/output.h>
#include <cairn/io/replace_file.h>
#include <cairn/io/staging.h>
#include <cairn/io/with_numbers.h>
#include <cairn/io/writer.h>

namespace cairn::io {

struct AsyncSaver::State {
  std::uint64_t limit;
  Staging staging;
  std::thread thread;
  std::atomic<bool> ended = false;  // of the thread there is
  std::exception_ptr error;
};

AsyncSaver::AsyncSaver(std::uint64_t staging) : state_(std::make_unique<State>()) { state_->limit = staging; }

AsyncSaver::~AsyncSaver() {
  if (state_->thread.joinable()) state_->thread.join();
}

bool AsyncSaver::is_done() const { return !state_->thread.joinable() || state_->ended; }

void AsyncSaver::wait() {
  if (state_->thread.joinable()) state_->thread.join();
  if (state_->error) std::rethrow_exception(std::exchange(state_->error, nullptr));
}

void AsyncSaver::save(const std::string& path, const Value& value, const SaveOptions& given) {
  wait();
  check_save_name(path);
  State& state = *state_;
  // The writer is made here, so that names, shapes and flags are those of now; the thread sees staged bytes alone.
  struct Job {
    SaveOptions options;
    std::optional<WithNumbers> whole;
    Writer writer;
    Job(const Value& value, const SaveOptions& given)
        : options(given), whole(std::in_place, value), writer(whole->value(), options) {}
  };
  auto job = std::make_shared<Job>(value, given);
  state.staging.begin(state.limit, job->writer.largest_chunk(), job->writer.staged_size());
  job->writer.take_from(state.staging);
  state.ended = false;
  state.thread = std::thread([&state, path, job] {
    try {
      FileSystem& files = job->options.file_system ? *job->options.file_system : posix_file_system();
      replace_file(files, path, job->options.synced, [&](WritableFile& file) {
        FileSink sink(file, job->options.synced);
        Output out(sink, file_piece(job->writer.size_estimate()));
        job->writer.write(out);
      });
    } catch (...) {
      state.error = std::current_exception();
    }
    state.staging.give_up();
    state.ended = true;
  });
  bool all = false;
  std::exception_ptr error;
  try {
    all = job->writer.put_into(state.staging);
  } catch (...) {
    error = std::current_exception();  // of a device that does not give its numbers
    state.staging.give_up();
  }
  job->writer.let_go_of_tensors();
  job->whole.reset();
  if (error) {
    state.thread.join();
    state.error = nullptr;
    std::rethrow_exception(error);
  }
  if (!all) wait();
}

std::unique_ptr<AsyncSaver> save_async(const std::string& path, const Value& value, const SaveOptions& options,
                                       std::uint64_t staging) {
  auto saver = std::make_unique<AsyncSaver>(staging);
  saver->save(path, value, options);
  return saver;
}

}  // namespace cairn::io

#include <cairn/io/save_async.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/io/checksum.h>
#include <cairn/io/file_sink.h>
#include <cairn/io/other_formats.h>
#include <cairn/io/output.h>
#include <cairn/io/replace_file.h>
#include <cairn/io/staging.h>
#include <cairn/io/with_numbers.h>
#include <cairn/io/writer.h>

namespace cairn::io {

void Staging::begin(std::uint64_t limit, std::uint64_t largest, std::uint64_t total) {
  constexpr std::size_t alignment = 64;
  const std::uint64_t wanted = std::max(std::min(limit, total), 2 * largest);
  ring_ = memory_.get(align_up(wanted, alignment));
  chunks_.clear();
  taken_ = given_up_ = false;
}

/// Where a chunk of that size can lie now.
std::optional<std::size_t> Staging::room_for(std::size_t size) const {
  if (chunks_.empty()) return 0;
  const std::size_t first = chunks_.front().offset;
  const auto end = static_cast<std::size_t>(align_up(chunks_.back().offset + chunks_.back().size, 64));
  if (chunks_.back().offset >= first) {
    if (size <= ring_.size() - std::min(end, ring_.size())) return end;
    return size < first ? std::optional<std::size_t>(0) : std::nullopt;
  }
  return end + size < first ? std::optional(end) : std::nullopt;
}

bool Staging::put(std::span<const std::byte> bytes) {
  std::size_t offset = 0;
  {
    std::unique_lock lock(mutex_);
    std::optional<std::size_t> room;
    changed_.wait(lock, [&] { return given_up_ || (room = room_for(bytes.size())); });
    if (given_up_) return false;
    offset = *room;
  }
  hash_and_copy(bytes, ring_.data() + offset);  // past the cache: nobody reads it soon
  const std::lock_guard lock(mutex_);
  chunks_.push_back({offset, bytes.size()});
  changed_.notify_all();
  return !given_up_;
}

std::optional<std::span<const std::byte>> Staging::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return given_up_ || !chunks_.empty(); });
  if (chunks_.empty()) return std::nullopt;
  return ring_.subspan(chunks_.front().offset, chunks_.front().size);
}

void Staging::release() {
  const std::lock_guard lock(mutex_);
  chunks_.pop_front();
  changed_.notify_all();
}

void Staging::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

struct AsyncSaver::State {
  std::uint64_t limit;
  Staging staging;
  std::thread thread;
  std::atomic<bool> done = true;
  std::exception_ptr error;
};

AsyncSaver::AsyncSaver(std::uint64_t staging) : state_(std::make_unique<State>()) { state_->limit = staging; }

AsyncSaver::~AsyncSaver() {
  if (state_->thread.joinable()) state_->thread.join();
}

bool AsyncSaver::is_done() const { return state_->done; }

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
  state.staging.begin(state.limit, job->writer.largest_chunk(), job->writer.total());
  job->writer.take_from(state.staging);
  state.done = false;
  state.thread = std::thread([&state, path, job] {
    try {
      FileSystem& files = job->options.file_system ? *job->options.file_system : posix_file_system();
      replace_file(files, path, job->options.synced, [&](WritableFile& file) {
        FileSink sink(file);
        Output out(sink, file_piece);
        job->writer.write(out);
      });
    } catch (...) {
      state.error = std::current_exception();
    }
    state.staging.give_up();
    state.done = true;
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

#include <cairn/io/chunk_reader.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <cairn/core/parallel.h>
#include <cairn/io/codec.h>

namespace cairn::io {

namespace {

using Wanted = std::span<const ChunkWanted>;

class Reader {
 public:
  Reader(const Container& container, ChunkUser& user)
      : container_(container), user_(user), pattern_(container.source().pattern()) {}

  /// How many of the chunks, from the first on, are read with one call.
  std::size_t count_neighbours(Wanted wanted) const {
    const ChunkRecord first = record_of(wanted[0]);
    const std::uint64_t begin = first.offset;
    std::uint64_t end = begin + first.stored;
    std::size_t count = 1;
    for (; count < wanted.size(); ++count) {
      const ChunkRecord next = record_of(wanted[count]);
      const bool again = is_same(wanted[count], wanted[count - 1]);
      if (!again &&
          (next.offset < end || next.offset - end > pattern_.gap || next.offset + next.stored - begin > pattern_.unit))
        break;
      end = next.offset + next.stored;
    }
    return count;
  }

  /// Neighbours: read, checked, unpacked.
  void read(Wanted wanted) const {
    const ChunkRecord first = record_of(wanted.front()), last = record_of(wanted.back());
    const std::uint64_t size = last.offset + last.stored - first.offset;
    const SourceView view = container_.source().view(first.offset, size);
    std::span<const std::byte> stored = view.bytes;
    Scratch& scratch = thread_scratch();
    if (stored.empty()) {
      if (wanted.size() == 1 && first.codec == raw_codec.id) {
        const std::span<std::byte> place = user_.place_for(wanted[0]);
        if (!place.empty()) {
          container_.source().read(first.offset, place);
          return container_.check(wanted[0].blob, wanted[0].chunk, place);
        }
      }
      const std::span<std::byte> to = scratch.stored.get(static_cast<std::size_t>(size));
      container_.source().read(first.offset, to);
      stored = to;
    }
    std::size_t count;
    for (; !wanted.empty(); wanted = wanted.subspan(count)) {
      for (count = 1; count < wanted.size() && is_same(wanted[count], wanted[0]);) ++count;
      const ChunkRecord record = record_of(wanted[0]);
      unpack(wanted.first(count), record, stored.subspan(record.offset - first.offset, record.stored), scratch);
    }
  }

 private:
  ChunkRecord record_of(const ChunkWanted& wanted) const {
    return container_.index().chunk(wanted.blob, wanted.chunk).record;
  }
  static bool is_same(const ChunkWanted& a, const ChunkWanted& b) { return a.blob == b.blob && a.chunk == b.chunk; }

  /// One chunk, for one user or for several.
  void unpack(Wanted wanted, const ChunkRecord& record, std::span<const std::byte> stored, Scratch& scratch) const {
    const auto [blob, chunk, number] = wanted[0];
    if (wanted.size() == 1) {
      const std::span<std::byte> place = user_.place_for(wanted[0]);
      if (!place.empty()) return container_.unpack(blob, chunk, stored, place);
    }
    std::span<const std::byte> decoded = stored;
    if (record.codec == raw_codec.id) {
      container_.check(blob, chunk, stored);
    } else {
      const auto to = scratch.decoded.get(static_cast<std::size_t>(container_.index().chunk(blob, chunk).decoded));
      container_.unpack(blob, chunk, stored, to);
      decoded = to;
    }
    for (const ChunkWanted& one : wanted) user_.take(one, decoded);
  }

  const Container& container_;
  ChunkUser& user_;
  ReadPattern pattern_;
};

}  // namespace

void read_chunks(const Container& container, Wanted wanted, bool parallel, ChunkUser& user) {
  const Reader reader(container, user);
  if (!parallel || concurrency() == 1) {
    while (!wanted.empty()) {
      const Wanted next = wanted.first(reader.count_neighbours(wanted));
      user.begin(next);
      reader.read(next);
      user.end(next);
      wanted = wanted.subspan(next.size());
    }
    return;
  }
  const std::size_t most = static_cast<std::size_t>(concurrency()) * 8;
  std::vector<Wanted> window;
  while (!wanted.empty()) {
    window.clear();
    std::size_t count = 0;
    while (count < wanted.size() && window.size() < most) {
      window.push_back(wanted.subspan(count, reader.count_neighbours(wanted.subspan(count))));
      count += window.back().size();
    }
    user.begin(wanted.first(count));
    parallel_for(static_cast<std::int64_t>(window.size()),
                 [&](std::int64_t i) { reader.read(window[static_cast<std::size_t>(i)]); });
    user.end(wanted.first(count));
    wanted = wanted.subspan(count);
  }
}

}  // namespace cairn::io

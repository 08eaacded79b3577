// Any bit of a file flipped, any end cut off: the damage is named, and no load is silently different.
#include "catch.h"

#include <algorithm>
#include <random>

#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

/// The ranges of all damages, or of the error that says that this is no container any more.
std::vector<io::Damage> damages_of(std::span<const std::byte> file) { return io::verify(io::memory_source(file)); }

bool holds(const std::vector<io::Damage>& damages, std::uint64_t byte, std::uint64_t longest) {
  return std::any_of(damages.begin(), damages.end(), [&](const io::Damage& damage) {
    return damage.length <= longest && damage.offset <= byte && byte < damage.offset + damage.length;
  });
}

void flip(std::vector<std::byte>& file, std::uint64_t bit) { file[bit / 8] ^= static_cast<std::byte>(1 << bit % 8); }

/// Flips a bit: verify must name a range with its byte, a load must fail.
void check_flip(std::vector<std::byte>& file, std::uint64_t bit) {
  INFO("bit " << bit << " of " << file.size() << " bytes");
  flip(file, bit);
  const std::vector<io::Damage> damages = damages_of(file);
  if (!holds(damages, bit / 8, 1 << 20)) FAIL_CHECK("no damage holds the flipped byte");
  bool failed = false;
  try {
    io::load_memory(file);
  } catch (const FormatError&) {
    failed = true;
  }
  // What a load does not read is padding only.
  if (!failed && damages[0].section != "padding") FAIL_CHECK("a damaged file was loaded");
  flip(file, bit);
}

}  // namespace

TEST_CASE("A whole file has no damage", "[io][verify]") {
  for (const Value& value : {Value(), small_checkpoint(), large_checkpoint()}) {
    for (const io::Preset preset : {io::Preset::none, io::Preset::fast, io::Preset::small})
      CHECK(io::verify(io::memory_source(io::save_to_memory(value, {.preset = preset}))).empty());
  }
}

TEST_CASE("Every flipped bit of a small file is found, in its place", "[io][verify]") {
  for (const io::Preset preset : {io::Preset::none, io::Preset::small}) {
    Bytes file = io::save_to_memory(small_checkpoint(), {.preset = preset});
    for (std::uint64_t bit = 0; bit < file.data.size() * 8; ++bit) check_flip(file.data, bit);
    CHECK(damages_of(file.data).empty());
  }
}

TEST_CASE("Random flipped bits of a large file are found in ranges no longer than a chunk", "[io][verify]") {
  std::mt19937_64 random(20);
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast}) {
    Value value = large_checkpoint();
    Dict many;
    for (int i = 0; i < 2000; ++i)
      many.set("a name long enough for several pieces of the index " + std::to_string(i), numbered({2}));
    value["many"] = many;
    Bytes file = io::save_to_memory(value, {.preset = preset});
    for (int i = 0; i < 150; ++i) check_flip(file.data, random() % (file.data.size() * 8));
    const std::uint64_t index = io::inspect(io::memory_source(file)).index_size;
    REQUIRE(index > 3 * 65536);
    for (int i = 0; i < 150; ++i) {  // header, index and commit record would rarely be hit
      const std::uint64_t tail = (index + 64) * 8;
      check_flip(file.data, file.data.size() * 8 - 1 - random() % tail);
      check_flip(file.data, random() % (64 * 8));
    }
  }
}

TEST_CASE("Padding is checked", "[io][verify]") {
  Bytes file =
      io::save_to_memory(List{numbered({3}), numbered({1 << 16}), numbered({1})}, {.preset = io::Preset::none});
  const io::FileFacts facts = io::inspect(io::memory_source(file));
  REQUIRE(facts.file_size > facts.stored + 4096);
  file.data[1000] = std::byte{1};
  const std::vector<io::Damage> damages = damages_of(file.data);
  REQUIRE(damages.size() == 1);
  CHECK(damages[0].section == "padding");
  CHECK(holds(damages, 1000, 1 << 16));
}

TEST_CASE("Every truncation is found, and none is loaded", "[io][verify]") {
  const Bytes file = io::save_to_memory(small_checkpoint());
  for (std::size_t size = 0; size < file.data.size(); ++size) {
    INFO(size);
    const auto cut = std::span(file.data).first(size);
    CHECK_THROWS_AS(io::load_memory(cut), FormatError);
    if (size == 0)
      CHECK_THROWS_AS(damages_of(cut), FormatError);  // nothing to name a range of
    else
      CHECK_FALSE(damages_of(cut).empty());
  }
}

TEST_CASE("Bytes after the end are an append that did not end; a second file there is refused", "[io][verify]") {
  Bytes file = io::save_to_memory(small_checkpoint());
  const std::size_t size = file.data.size();
  for (const std::size_t more : {1, 63, 64, 65, 3 << 20}) {
    file.data.resize(size + more);
    CHECK(same(io::load_memory(file.data), small_checkpoint()));
    CHECK(io::inspect(io::memory_source(file)).torn == more);
    const std::vector<io::Damage> damages = damages_of(file.data);
    REQUIRE(damages.size() == (more + 65535) / 65536);
    CHECK(damages[0].section == "torn");
    CHECK(damages[0].offset == size);
  }
  file.data.resize(size);
  const Bytes other = io::save_to_memory(1);
  file.data.insert(file.data.end(), other.data.begin(), other.data.end());
  CHECK_THROWS_AS(io::load_memory(file.data), FormatError);
  CHECK_FALSE(damages_of(file.data).empty());
}

TEST_CASE("All damages are listed, with the tensors they hit", "[io][verify]") {
  Bytes file = io::save_to_memory(large_checkpoint(), {.preset = io::Preset::none});
  const std::vector<std::byte> whole = file.data;
  const auto at = [&](std::size_t offset) { file.data[offset] ^= std::byte{0x10}; };
  at(30);                    // header
  at(1 << 18);               // zeros
  at(2 << 20), at(3 << 20);  // noise, two chunks
  const std::vector<io::Damage> damages = damages_of(file.data);
  REQUIRE(damages.size() == 4);
  CHECK(damages[0].section == "header");
  CHECK(damages[1].section == "chunk");
  CHECK(damages[1].tensor == "zeros");
  CHECK(damages[2].tensor == "noise");
  CHECK(damages[3].tensor == "noise");
  CHECK_THAT(to_string(damages[1]), Catch::Matchers::Contains("chunk of \"zeros\": its checksum does not fit"));

  at(file.data.size() - 30);  // the commit record, too: then chunks cannot be found
  const std::vector<io::Damage> fewer = damages_of(file.data);
  REQUIRE(fewer.size() == 2);
  CHECK(fewer[1].section == "commit record");
}

TEST_CASE("A run of zeros in place of data is found", "[io][verify]") {
  Bytes file = io::save_to_memory(large_checkpoint(), {.preset = io::Preset::none});
  for (const std::size_t length : {std::size_t{4096}, std::size_t{65536}, std::size_t{1} << 20}) {
    std::vector<std::byte> hole = file.data;
    std::fill_n(hole.begin() + (5 << 19), length, std::byte{0});
    CHECK_FALSE(damages_of(hole).empty());
    CHECK_THROWS_AS(io::load_memory(hole), FormatError);
  }
}

TEST_CASE("A damaged chunk costs its tensors only, and leaves a target as it was", "[io][verify]") {
  Bytes file = io::save_to_memory({{"a", numbered({300000})}, {"b", numbered({4})}}, {.preset = io::Preset::none});
  file.data[70000 + (1 << 20)] ^= std::byte{1};  // the second chunk of a
  const Value value = io::open_memory(file.data);
  CHECK(same(materialize(value["b"]), Value(numbered({4}))));
  const Tensor a = zeros({300000}), b = zeros({4});
  LoadPlan plan;
  plan.transfer("b", value["b"].as_tensor(), b);
  plan.transfer("a", value["a"].as_tensor(), a);
  CHECK_THROWS_WITH(plan.commit(),
                    Catch::Matchers::Contains("chunk 1 of \"a\"") && Catch::Matchers::Contains("is damaged: checksum"));
  CHECK(a.sum().item() == 0);
  CHECK(b.sum().item() == 0);
  CHECK_THROWS_AS(plan.commit({.staging = 0}), FormatError);  // verified before the fill
  CHECK(b.sum().item() == 0);
  try {
    io::load_memory(file.data);
    FAIL("loaded");
  } catch (const FormatError& error) {
    CHECK(error.fields().tensor == "a");
    CHECK(error.fields().section == "chunk");
    CHECK(error.fields().offset.has_value());
  }
}

TEST_CASE("Verification reports its progress and can be cancelled", "[io][verify]") {
  const Bytes file = io::save_to_memory(large_checkpoint());
  std::uint64_t last = 0;
  io::verify(io::memory_source(file), {.progress = [&](std::uint64_t done, std::uint64_t total) {
               CHECK(total == file.data.size());
               CHECK(done >= last);
               last = done;
               return true;
             }});
  CHECK(last == file.data.size());
  CHECK_THROWS_AS(io::verify(io::memory_source(file), {.progress = [](std::uint64_t, std::uint64_t) { return false; }}),
                  Cancelled);
}

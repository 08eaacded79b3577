// What is left of a damaged file.
#include "catch.h"

#include "values.h"

#include <cairn/io.h>
#include <cairn/io/format.h>

using namespace cairn;

TEST_CASE("Whole chunks of a damaged file are salvaged, and the others told", "[io][salvage]") {
  const Tensor large = rand({700000}), small = rand({100});
  const Value value{{"large", large.t()}, {"small", small}, {"part", large.narrow(0, 10, 5)}, {"n", 3}};
  Bytes file = io::save_to_memory(value, {.preset = io::Preset::none});
  io::Salvaged all = io::salvage(io::memory_source(file));
  CHECK(same(all.value, value));
  CHECK(all.missing.empty());
  CHECK(all.value["part"].as_tensor().shares_storage(all.value["large"].as_tensor()));

  file.data[(1 << 20) + 200000] ^= std::byte{4};  // the second chunk of three
  const io::Salvaged most = io::salvage(io::memory_source(file));
  REQUIRE(most.missing.size() == 1);
  CHECK(most.missing[0].tensor == "large");
  const Tensor left = most.value["large"].as_tensor();
  CHECK(same(left.narrow(0, 0, 1 << 18), large.narrow(0, 0, 1 << 18)));
  CHECK(cairn::abs(left.narrow(0, 1 << 18, 1 << 18)).sum().item() == 0);
  CHECK(same(left.narrow(0, 1 << 19, 700000 - (1 << 19)), large.narrow(0, 1 << 19, 700000 - (1 << 19))));
  CHECK(same(most.value["small"], small));
}

TEST_CASE("Of a file without any whole index nothing is made up", "[io][salvage]") {
  const Bytes file = io::save_to_memory(small_checkpoint());
  CHECK_THROWS_WITH(io::salvage(io::memory_source(std::span(file.data).first(file.data.size() - 1))),
                    Catch::Matchers::Contains("nothing can be salvaged"));
  Bytes damaged = file;
  damaged.data[damaged.data.size() - 100] ^= std::byte{1};
  CHECK_THROWS_WITH(io::salvage(io::memory_source(damaged)), Catch::Matchers::Contains("nothing can be salvaged"));
}

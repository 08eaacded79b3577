// Deferred tensors: what they know without their numbers, and how they become real.
#include <cairn/core/deferred.h>

#include "catch.h"

#include <cairn/core/ops.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>

#include "devices.h"
#include "memory_source.h"

using namespace cairn;
using cairn::testing::MemorySource;

TEST_CASE("A deferred tensor knows everything but its numbers") {
  const auto source = MemorySource::make();
  const Tensor deferred = source->add(ones({2, 3}), true);
  CHECK(deferred.is_deferred());
  CHECK(deferred.shape() == Shape{2, 3});
  CHECK(deferred.numel() == 6);
  CHECK(deferred.nbytes() == 24);
  CHECK(deferred.dtype() == DType::float32);
  CHECK(deferred.requires_grad());
  CHECK(source_of(deferred) == source.get());
  CHECK(source_id_of(deferred) == 0);
  CHECK(to_string(deferred) == "tensor(..., size=(2, 3), requires_grad=True)");
  CHECK(source_of(ones({1})) == nullptr);
  CHECK(source_of(Tensor()) == nullptr);
}

TEST_CASE("Reading the numbers of a deferred tensor is an error that says what to do") {
  const auto source = MemorySource::make();
  const Tensor deferred = source->add(ones({2}));
  CHECK_THROWS_AS(deferred.data<float>(), Error);
  CHECK_THROWS_AS(deferred.item(), Error);
  CHECK_THROWS_AS(deferred.clone(), Error);
  const Tensor targets = source->add(tensor<std::int64_t>({0, 1}));
  CHECK_THROWS_AS(cross_entropy(zeros({2, 2}), targets), ValueError);
}

TEST_CASE("A deferred tensor does not go to a device, nor its numbers come from one, before it is read", "[device]") {
  const auto source = MemorySource::make();
  const Tensor deferred = source->add(ones({2}));
  for (const Device device : devices()) {
    CHECK_THROWS_AS(deferred.to(device), ValueError);
    CHECK_THROWS_AS(zeros({2}, {.device = device}).copy_(deferred), ValueError);
    CHECK_THROWS_AS(deferred.copy_(zeros({2}, {.device = device})), ValueError);
    const Tensor there = source->add(full({2}, 3.0, {.device = device}));
    CHECK(there.is_deferred());
    CHECK(there.device() == device);
    CHECK_THROWS_AS(there + 1, Error);
    const Tensor real = materialize(there);
    CHECK(real.device() == device);
    CHECK(numbers<float>(real) == std::vector<float>{3, 3});
  }
}

TEST_CASE("A deferred tensor keeps its source alive") {
  auto source = MemorySource::make();
  const Tensor deferred = source->add(full({2}, 3.0));
  source = {};
  CHECK(to_string(materialize(deferred)) == "tensor([3., 3.])");
}

TEST_CASE("A tree becomes real source by source, each tensor once, everything else untouched") {
  const auto first = MemorySource::make(), second = MemorySource::make();
  const Tensor shared = first->add(tensor({1.0f})), live = tensor({9.0f});
  const Value tree = {{"model", StateDict{{"a", shared}, {"b", second->add(tensor({2.0f}))}, {"tied", shared}}},
                      {"list", List{first->add(tensor({3.0f})), live, "text"}}};
  const Value real = materialize(tree);
  CHECK(to_string(real) ==
        "{'model': OrderedDict([('a', tensor([1.])), ('b', tensor([2.])), ('tied', tensor([1.]))]), 'list': "
        "[tensor([3.]), tensor([9.]), 'text']}");
  CHECK(first->materialize_calls == 1);
  CHECK(second->materialize_calls == 1);
  CHECK(first->materialized == 2);
  CHECK(real.at("model", "a").as_tensor().is_same(real.at("model", "tied").as_tensor()));
  CHECK(real.at("list", 1).as_tensor().is_same(live));
  CHECK(tree.at("model", "a").as_tensor().is_deferred());
}

TEST_CASE("What was recorded as requiring a gradient requires one again") {
  const auto source = MemorySource::make();
  CHECK(materialize(source->add(ones({2}), true)).requires_grad());
  CHECK(!materialize(source->add(ones({2}), false)).requires_grad());
}

TEST_CASE("Materializing can be cancelled") {
  const auto source = MemorySource::make();
  const Value tree = List{source->add(ones({2})), source->add(ones({2}))};
  int calls = 0;
  CHECK_THROWS_AS(materialize(tree, [&](std::uint64_t, std::uint64_t) { return ++calls < 2; }), Cancelled);
}

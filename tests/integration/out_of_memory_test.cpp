// A load that runs out of memory, wherever that is, changes nothing.
#include <cairn/cairn.h>

#include <new>
#include <string>
#include <vector>

#include "catch.h"
#include "devices.h"
#include "temporary_folder.h"
#include "watched_malloc.h"
#include "whole_run.h"

using namespace cairn;

namespace {

/// Calls `load` with its first allocation failing, then its second, until none does; each time `check` follows. Returns
/// how many failed.
template <class Load, class Check>
std::int64_t fail_each_allocation(Load&& load, Check&& check) {
  for (std::int64_t count = 0;; ++count) {
    CAPTURE(count);
    try {
      const FailingAllocation failure(count);
      load();
      if (!failure.happened()) return count;
    } catch (const std::bad_alloc&) {
      check();
    }
  }
}

}  // namespace

TEST_CASE("whichever allocation of a resume fails, the run is as it was") {
  const TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  const WholeRunOptions options = {.model = "cnn"};
  WholeRun run(1, options), further(2, options);
  run.run_to(7);
  further.run_to(13);
  further.checkpoint.save(file);
  further.resume(io::open(file));  // what is made once in a process is there now

  const std::string before = run.bytes();
  CHECK(fail_each_allocation([&] { run.checkpoint.resume(file); }, [&] { REQUIRE((run.bytes() == before)); }) > 500);
  CHECK((run.bytes() == further.bytes()));
}

TEST_CASE("whichever allocation of a load with something to report fails, its target is as it was") {
  const Tensor target = zeros({3}), ones = full({3}, 1.0), twos = full({3}, 2.0);
  std::size_t ties = 0;
  const auto load = [&] {
    LoadPlan plan;
    plan.transfer("a name that is longer than what a string holds by itself", ones, target);
    plan.transfer("b", twos, target);
    ties = plan.commit().ties.size();
  };
  CHECK(fail_each_allocation(load, [&] { REQUIRE(numbers<float>(target) == std::vector<float>(3, 0)); }) > 5);
  CHECK(ties == 1);
  CHECK(numbers<float>(target) == std::vector<float>(3, 2));
}

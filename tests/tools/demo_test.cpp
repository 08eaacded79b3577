// `cairn demo`, by running it.
#include <chrono>
#include <string>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

using Catch::Matchers::Contains;

TEST_CASE("the demo ends with the resumed run equal to the unbroken one, and the state dict printed") {
  TemporaryFolder folder;
  const Outcome outcome = run_program({"demo", "--save", folder.file("d.cairn")});
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, Contains("stopped: model and optimizer are gone"));
  CHECK_THAT(outcome.out, Contains("equal, bit for bit") && Contains("the same, byte for byte"));
  CHECK_THAT(outcome.out, Contains("the model to sim:0 (emulated accelerator), the rest to cpu") &&
                              Contains("<All keys matched successfully>"));
  CHECK_THAT(outcome.out, Contains("OrderedDict([('fc1.weight',"));
  CHECK_THAT(outcome.out, Contains("The resumed run equals the unbroken one, bit for bit."));
  CHECK(run_program({"verify", folder.file("d.cairn")}).code == 0);
}

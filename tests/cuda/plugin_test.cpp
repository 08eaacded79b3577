// load_backend (core/plugin.h), with the plug-in of the emulated GPU.
#include <cairn/core/devices.h>
#include <cairn/core/ops.h>
#include <cairn/core/plugin.h>

#include "catch.h"
#include "emulated_plugin.h"
#include "message_of.h"

using namespace cairn;
using Catch::Matchers::Contains;

TEST_CASE("what is no plug-in is refused, and says why") {
  const TemporaryFolder folder;
  const std::string file = folder.file("libcairn_cuda.so");
  CHECK_THAT(message_of([&] { load_backend(file); }),
             Contains("load_backend: the plug-in cannot be opened: " + file) && Contains("No such file or directory"));
  write_file(file, "not a library");
  CHECK_THAT(message_of([&] { load_backend(file); }),
             Contains("load_backend: the plug-in cannot be opened: " + file) && Contains("file too short"));
  const std::string library = CAIRN_EMULATED_CUBLAS;
  CHECK(message_of([&] { load_backend(library); }) ==
        "load_backend: " + library + " is not a plug-in of Cairn's: it has no function cairn_backend");
  CHECK(message_of([&] { load_backend(CAIRN_OTHER_VERSION); }) ==
        "the cuda backend has a table of version 4, but this program takes version 3; build both from the same Cairn");
}

TEST_CASE("a plug-in brings its devices, once") {
  if (!find_backend(Device::Type::cuda)) {
    const TemporaryFolder nothing;
    CHECK_THAT(
        message_of([&] { load_backend(Device::Type::cuda, {nothing.path()}); }),
        Contains("the plug-in for cuda devices was not found: libcairn_cuda.so is neither in " + nothing.path()));
    load_backend(Device::Type::cuda, {nothing.path(), CAIRN_EMULATED_FOLDER});
  }
  const Backend* const table = find_backend(Device::Type::cuda);
  REQUIRE(table);
  load_backend(Device::Type::cuda, {"/nowhere"});  // there is one already
  CHECK(find_backend(Device::Type::cuda) == table);
  CHECK(device_count(Device::Type::cuda) > 0);
  CHECK((full({3}, 2, {.device = "cuda:0"}) + 1)[2].item() == 3);
  CHECK_THAT(message_of([] { zeros({1}, {.device = "cuda:60"}); }), Contains("there is no cuda:60: "));
}

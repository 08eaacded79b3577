#include <vector>

#include "catch.h"
#include "emulated_plugin.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

/// c [2, 2] = a [2, 3] b [3, 2] on a stream.
struct Product {
  const Backend& table;
  void* stream;
  DeviceMemory a{table, 24, stream}, b{table, 24, stream}, c{table, 16, stream};
  Operand x{a.data, 2, 3}, y{b.data, 3, 2}, z{c.data, 2, 2};

  Product(const Backend& table, void* stream, float factor) : table(table), stream(stream) {
    const float first[] = {1 * factor, 2 * factor, 3 * factor, 4 * factor, 5 * factor, 6 * factor};
    const float second[] = {1, 2, 3, 4, 5, 6};
    CHECK(table.copy_in(0, a.data, first, 24, stream) == Status::ok);
    CHECK(table.copy_in(0, b.data, second, 24, stream) == Status::ok);
  }
  std::string run() const { return outcome(table, run_binary(table, Operation::matmul, z, x, y, stream)); }
  std::vector<float> result() const {
    std::vector<float> back(4);
    CHECK(outcome(table, table.copy_out(0, back.data(), c.data, 16, stream)) == "ok");
    return back;
  }
};

const std::vector<float> expected = {22, 28, 49, 64};

}  // namespace

TEST_CASE("products on several streams, some of which end, wait for each other") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  const Product lasting(table, nullptr, 1);
  for (int round = 0; round < 3; ++round) {
    void* stream = nullptr;
    REQUIRE(table.create_stream(0, &stream) == Status::ok);
    {
      const Product passing(table, stream, 2);
      CHECK(passing.run() == "ok");
      CHECK(lasting.run() == "ok");
      CHECK(passing.run() == "ok");
      CHECK(passing.result() == std::vector<float>{44, 56, 98, 128});
    }
    CHECK(table.destroy_stream(0, stream) == Status::ok);
    CHECK(lasting.run() == "ok");
    CHECK(lasting.result() == expected);
  }
}

TEST_CASE("products under way on two streams do not disturb each other") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  void* stream = nullptr;
  REQUIRE(table.create_stream(0, &stream) == Status::ok);
  {
    const Product one(table, nullptr, 1), other(table, stream, 2);
    const DeviceMemory sums(table, 16), other_sums(table, 16, stream);
    const Operand sum(sums.data, 2, 2), other_sum(other_sums.data, 2, 2);
    const float zeros[4] = {};
    CHECK(table.copy_in(0, sums.data, zeros, 16, nullptr) == Status::ok);
    CHECK(table.copy_in(0, other_sums.data, zeros, 16, stream) == Status::ok);
    for (int round = 0; round < 50; ++round) {
      REQUIRE(one.run() == "ok");
      REQUIRE(other.run() == "ok");
      REQUIRE(run_binary(table, Operation::add, sum, sum, one.z) == Status::ok);
      REQUIRE(run_binary(table, Operation::add, other_sum, other_sum, other.z, stream) == Status::ok);
    }
    float all[4], other_all[4];
    CHECK(table.copy_out(0, all, sums.data, 16, nullptr) == Status::ok);
    CHECK(table.copy_out(0, other_all, other_sums.data, 16, stream) == Status::ok);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(all[i] == 50 * expected[i]);
      CHECK(other_all[i] == 100 * expected[i]);
    }
  }
  CHECK(table.destroy_stream(0, stream) == Status::ok);
}

TEST_CASE("what cuBLAS refuses is said by its names, and the next product works") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  const Product product(table, nullptr, 1);

  SECTION("while it is prepared") {
    plugin.fail_next("cudaMalloc", cudaErrorMemoryAllocation);
    CHECK(product.run() == "out_of_memory: out of memory (cudaErrorMemoryAllocation)");
    plugin.fail_cublas("cublasCreate_v2", 1);
    CHECK(product.run() == "failed: cuBLAS could not start: CUBLAS_STATUS_NOT_INITIALIZED");
    plugin.fail_cublas("cublasSetMathMode", 7);
    CHECK(product.run() == "failed: cuBLAS could not set its mode: CUBLAS_STATUS_INVALID_VALUE");
    plugin.fail_cublas("cublasSetAtomicsMode", 7);
    CHECK(product.run() == "failed: cuBLAS could not set its mode: CUBLAS_STATUS_INVALID_VALUE");
  }
  SECTION("when it works") {
    plugin.fail_next("nothing", 0);
    CHECK(product.run() == "ok");
    void* stream = nullptr;
    REQUIRE(table.create_stream(0, &stream) == Status::ok);
    {
      const Product other(table, stream, 1);
      plugin.fail_cublas("cublasSetStream_v2", 7);
      CHECK(other.run() == "failed: cuBLAS could not change its stream: CUBLAS_STATUS_INVALID_VALUE");
      plugin.fail_cublas("cublasSetWorkspace_v2", 7);
      CHECK(other.run() == "failed: cuBLAS could not take its workspace: CUBLAS_STATUS_INVALID_VALUE");
      plugin.fail_cublas("cublasGemmStridedBatchedEx_64", 13);
      CHECK(other.run() == "failed: cuBLAS could not multiply matrices: CUBLAS_STATUS_EXECUTION_FAILED");
      plugin.fail_cublas("cublasGemmStridedBatchedEx_64", 3);
      CHECK(other.run() == "out_of_memory: cuBLAS could not multiply matrices: CUBLAS_STATUS_ALLOC_FAILED");
      CHECK(other.run() == "ok");
      CHECK(other.result() == expected);
    }
    CHECK(table.destroy_stream(0, stream) == Status::ok);
  }
  SECTION("because the GPU is lost") {
    CHECK(product.run() == "ok");
    plugin.fail_next("kernel", cudaErrorIllegalAddress);
    CHECK(run_binary(table, Operation::add, product.z, product.z, product.z) == Status::ok);
    CHECK(table.synchronize(0, nullptr) == Status::device_lost);
    plugin.fail_cublas("cublasGemmStridedBatchedEx_64", 13);
    CHECK_THAT(product.run(), Contains("device_lost: an operation queued earlier failed: an illegal memory access"));
    plugin.fail_cublas("nothing", 0);
    plugin.reset();
  }
  CHECK(product.run() == "ok");
  CHECK(product.result() == expected);
}

// In a process of its own (CMakeLists.txt): a library that another test has opened is found, wherever it lies.
TEST_CASE("without cuBLAS products say what is missing, and all else works", "[.without_cublas]") {
  if (dlopen("libcublas.so.99", RTLD_NOW | RTLD_NOLOAD)) return;
  const EmulatedPlugin plugin(EmulatedPlugin::Copy::alone);
  const Backend& table = *plugin.table;
  const Product product(table, nullptr, 1);
  const std::string text = product.run();
  CHECK(text ==
        "failed: libcublas.so.99 cannot be opened. It was looked for in the folders of LD_LIBRARY_PATH, in the "
        "system's, and "
        "in " +
            plugin.folder() +
            "; the loader says: libcublas.so.99: cannot open shared object file: No such file or "
            "directory. Matrix products on a GPU need cuBLAS: install it from the CUDA toolkit, or by pip install "
            "nvidia-cublas, and add its folder to LD_LIBRARY_PATH");
  CHECK(product.run() == text);
  CHECK(outcome(table, run_binary(table, Operation::add, product.x, product.x, product.x)) == "ok");
  CHECK(table.synchronize(0, nullptr) == Status::ok);
}

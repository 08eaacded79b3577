// What a file's index tells: names, dtypes, shapes, sizes, codecs, places, ties.
#include "catch.h"

#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

TEST_CASE("The facts of a file", "[io][inspect]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  Value value = large_checkpoint();
  Tensor parameter = numbered({2, 3});
  parameter.requires_grad_();
  set_is_parameter(parameter);
  value["parameter"] = parameter;
  io::save(path, value);
  const io::FileFacts facts = io::inspect(path);
  CHECK(facts.version == 1);
  CHECK(facts.generation == 1);
  CHECK(facts.file_size == std::filesystem::file_size(path));
  CHECK(facts.chunk_size == 1 << 20);
  CHECK(facts.stored < facts.file_size);
  CHECK(io::hexadecimal(facts.root_digest).size() == 32);

  std::vector<std::string> names;
  for (const io::TensorFacts& tensor : facts.tensors) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"zeros", "noise", "small.model.fc.weight", "small.model.fc.bias",
                                          "small.model.tied.weight", "small.model.norm.num_batches_tracked",
                                          "small.optimizer.state.0.step", "small.optimizer.state.0.exp_avg", "half",
                                          "parameter"});
  const io::TensorFacts& zeros = facts.tensors[0];
  CHECK(zeros.dtype == DType::float32);
  CHECK(zeros.shape == Shape({1 << 18}));
  CHECK(zeros.nbytes == 1 << 20);
  CHECK(zeros.stored < 1000);
  CHECK(zeros.codecs == std::vector<std::string>{"constant"});
  CHECK(zeros.location == "cpu");
  CHECK_FALSE(zeros.requires_grad);
  CHECK(facts.tensors[1].stored < 5 << 19);
  const io::TensorFacts &weight = facts.tensors[2], &tied = facts.tensors[4];
  CHECK(weight.ties == std::vector<std::string>{tied.name});
  CHECK(tied.ties == std::vector<std::string>{weight.name});
  CHECK(weight.blob == tied.blob);
  CHECK(weight.stored == 60);
  CHECK(weight.codecs == std::vector<std::string>{"raw"});
  CHECK(tied.stored == 0);
  CHECK(tied.strides == Shape({1, 5}));
  CHECK(facts.tensors.back().requires_grad);
  CHECK(facts.tensors.back().is_parameter);
  std::uint64_t stored = 0;
  for (const io::TensorFacts& tensor : facts.tensors) stored += tensor.stored;
  CHECK(stored == facts.stored);
}

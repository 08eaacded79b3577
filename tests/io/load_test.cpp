// Loading: deferred tensors, streaming into targets, conversions, sources of every kind, files of other formats.
#include "catch.h"

#include <fcntl.h>
#include <unistd.h>

#include "devices.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

/// The value read through every kind of source.
std::vector<io::SourceReference> sources_of(const Bytes& file, const std::string& path, int& descriptor) {
  std::string text = "something before it";
  text.append(reinterpret_cast<const char*>(file.data.data()), file.data.size());
  write_file(path, text.substr(19));
  write_file(path + ".embedded", text + "something after it");
  descriptor = ::open((path + ".embedded").c_str(), O_RDONLY | O_CLOEXEC);
  return {io::open_source(path), io::descriptor_source(descriptor, 19, file.data.size()), io::memory_source(file),
          io::memory_source(std::span(file.data)),
          io::function_source(file.data.size(), [&file](std::uint64_t offset, std::span<std::byte> to) {
            std::copy_n(file.data.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
          })};
}

}  // namespace

TEST_CASE("A container is read through any source, on one thread or several", "[io][load]") {
  const TemporaryFolder folder;
  const Value value = large_checkpoint();
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast}) {
    const Bytes file = io::save_to_memory(value, {.preset = preset});
    int descriptor = -1;
    for (const io::SourceReference& source : sources_of(file, folder.file("run.cairn"), descriptor)) {
      INFO(source->name());
      CHECK(same(io::load(source), value));
      CHECK(io::verify(source).empty());
      ThreadPool pool(3);
      UseExecutor use(pool);
      CHECK(same(io::load(source), value));
    }
    ::close(descriptor);
  }
}

TEST_CASE("Opening reads no number of a tensor", "[io][load]") {
  const Bytes file = io::save_to_memory(large_checkpoint(), {.preset = io::Preset::none});
  std::uint64_t bytes_read = 0;
  const auto source = io::function_source(file.data.size(), [&](std::uint64_t offset, std::span<std::byte> to) {
    bytes_read += to.size();
    std::copy_n(file.data.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
  });
  const Value value = io::open(source);
  CHECK(bytes_read <= 64 << 10);  // the end of the file, with the index
  const Tensor half = value["half"].as_tensor();
  CHECK(half.is_deferred());
  CHECK(half.shape() == Shape({300, 1000}));
  CHECK(half.dtype() == DType::bfloat16);
  CHECK(same(materialize(half), numbered({300, 1000}, DType::bfloat16)));
  CHECK(bytes_read <= (64 << 10) + 600000);
  CHECK(same(materialize(value), large_checkpoint()));
}

TEST_CASE("Numbers go straight into targets of any dtype, strides and device", "[io][load][device]") {
  const Device device = GENERATE(from_range(devices()));
  CAPTURE(device);
  const Value saved = {
      {"plain", numbered({700, 600})}, {"turned", numbered({600, 700}).t()}, {"whole", numbered({9}, DType::int64)}};
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast}) {
    const Bytes file = io::save_to_memory(saved, {.preset = preset});
    const Value value = io::open_memory(file.data);
    for (const std::uint64_t staging : {std::uint64_t{0}, UINT64_MAX}) {
      for (const char* key : {"plain", "turned"}) {
        const Tensor expected = saved[key].as_tensor();
        for (const Tensor& target :
             {zeros({700, 600}), zeros({600, 700}).t(), zeros({700, 600}, {.dtype = DType::float64}),
              zeros({700, 600}, {.dtype = DType::bfloat16}), zeros({700, 1200}).slice(1, 1, 1200, 2),
              zeros({700, 600}, {.device = device}), zeros({600, 700}, {.device = another_device(device)}).t(),
              zeros({700, 600}, {.dtype = DType::float64, .device = device}), zeros({700, 600}).requires_grad_()}) {
          LoadPlan plan;
          plan.transfer(key, value[key].as_tensor(), target);
          const std::uint64_t version = target.version();
          plan.commit({.staging = staging});
          CHECK(target.version() > version);
          CHECK(elements(target) == elements(expected.to(target.dtype())));
        }
      }
      const Tensor narrow = zeros({9}, {.dtype = DType::uint8});
      LoadPlan plan;
      plan.transfer("whole", value["whole"].as_tensor(), narrow);
      CHECK(plan.commit({.staging = staging}).conversions == std::vector<std::string>{"whole: int64 -> uint8"});
      CHECK(elements(narrow) == elements(numbered({9}, DType::uint8)));
    }
  }
}

TEST_CASE("One of several views of a storage is read alone", "[io][load]") {
  const Tensor shared = numbered({100000});
  const Bytes file = io::save_to_memory(List{shared, shared.narrow(0, 40000, 3)}, {.preset = io::Preset::none});
  const Value value = io::open_memory(file.data);
  CHECK(same(materialize(value[1].as_tensor()), shared.narrow(0, 40000, 3)));
}

TEST_CASE("What was saved on any device is loaded to any other, deferred or at once", "[io][load][device]") {
  for (const Device from : everywhere()) {
    for (const io::Preset preset : {io::Preset::none, io::Preset::fast}) {
      const Tensor wide = numbered({700, 1000}).to(from);
      const Value saved = {{"wide", wide}, {"tied", wide.t()}, {"half", numbered({9}, DType::bfloat16).to(from)}};
      const Bytes file = io::save_to_memory(saved, {.preset = preset});
      CHECK(same(io::load_memory(file.data), saved));
      for (const Device to : everywhere()) {
        CAPTURE(from, to);
        const Value value = io::load_memory(file.data, {.map_location = to});
        CHECK(value["wide"].as_tensor().device() == to);
        CHECK(value["tied"].as_tensor().shares_storage(value["wide"].as_tensor()));
        CHECK(elements(value["tied"].as_tensor()) == elements(wide.t()));
        CHECK(elements(value["half"].as_tensor()) == elements(saved["half"].as_tensor()));

        const Value deferred = io::open_memory(file.data);
        CHECK(deferred["wide"].as_tensor().device() == from);
        const Tensor target = zeros({700, 1000}, {.device = to});
        LoadPlan plan;
        plan.transfer("wide", deferred["wide"].as_tensor(), target);
        plan.commit();
        CHECK(elements(target) == elements(wide));
      }
    }
  }
}

TEST_CASE("A load tells its progress and can be cancelled", "[io][load]") {
  const Bytes file = io::save_to_memory(large_checkpoint());
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    UseExecutor use(pool);
    std::uint64_t last = 0, whole = 0;
    io::load_memory(file.data, {.progress = [&](std::uint64_t done, std::uint64_t total) {
                      CHECK(done >= last);
                      last = done, whole = total;
                      return true;
                    }});
    CHECK(last == whole);
    CHECK(whole == io::inspect(io::memory_source(file)).decoded);
    CHECK_THROWS_AS(io::load_memory(file.data, {.progress = [](std::uint64_t, std::uint64_t) { return false; }}),
                    Cancelled);
  }
}

namespace {

/// Memory that is read like a file, until it fails.
class FailingSource final : public io::Source {
 public:
  explicit FailingSource(const Bytes& file) : file_(file) {}
  std::uint64_t size() const override { return file_.data.size(); }
  const std::string& name() const override { return name_; }
  void read(std::uint64_t offset, std::span<std::byte> to) const override {
    if (reads_left-- == 0) throw IoError("the network is gone");
    std::copy_n(file_.data.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
  }
  mutable int reads_left = -1;  // below zero: it does not fail

 private:
  const Bytes& file_;
  std::string name_ = "a failing source";
};

}  // namespace

TEST_CASE("A fault while targets are filled names those already overwritten", "[io][load][device]") {
  const Bytes file = io::save_to_memory({{"a", numbered({3})}, {"b", numbered({400000})}, {"c", numbered({5})}},
                                        {.preset = io::Preset::none});
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const auto source = std::make_shared<FailingSource>(file);
  const Value value = io::open(source);
  const Tensor targets[] = {zeros({3}, {.device = device}), zeros({400000}, {.device = device}),
                            zeros({5}, {.device = device})};
  LoadPlan plan;
  int i = 0;
  for (const char* name : {"a", "b", "c"}) plan.transfer(name, value[name].as_tensor(), targets[i++]);
  source->reads_left =
      3 + 2;  // a, the first chunk of b, and the second with c: verified; then a is filled and half of b
  try {
    plan.commit({.staging = 0});
    FAIL("loaded");
  } catch (const PartialLoadError& error) {
    CHECK(error.overwritten == std::vector<std::string>{"a", "b"});
  }
  CHECK(elements(targets[0]) == elements(numbered({3})));
  CHECK(targets[2].sum().item() == 0);
}

TEST_CASE("Files of other formats are recognised, and the error says what to do", "[io][load]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("file");
  const auto refuse = [&](const std::string& bytes, const std::string& what) {
    INFO(what);
    write_file(path, bytes);
    for (const auto& read :
         {std::function<void()>([&] { io::load(path); }), std::function<void()>([&] { io::verify(path); }),
          std::function<void()>([&] { io::inspect(path); })}) {
      CHECK_THROWS_WITH(read(), Catch::Matchers::Contains(what) && Catch::Matchers::Contains(path));
      CHECK_THROWS_AS(read(), FormatError);
    }
  };
  const std::string rest(300, 'x');
  refuse("PK\x03\x04" + rest, "a zip archive, as PyTorch's .pth");
  refuse(std::string("\x10\0\0\0\0\0\0\0{\"a\":{}}        ", 24) + rest, "a safetensors file");
  refuse("\x1f\x8b\x08" + rest, "a gzip file");
  refuse("\x89HDF\r\n\x1a\n" + rest, "an HDF5 file");
  refuse("version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 99999999\n", "a Git LFS pointer");
  refuse("<!DOCTYPE html>\n<html>" + rest, "an HTML page");
  refuse("\n  <HTML>" + rest, "an HTML page");
  refuse("\x80\x02}q" + rest, "a Python pickle");
  refuse(std::string(500, '\0'), "begins with zeros only");
  refuse(
      "\x89"
      "CRN\n\x1a\n" +
          rest,
      "text mode");
  refuse("hello", "this is no Cairn file");
  refuse("hello" + rest, "this is no Cairn file");
  refuse("", "the file has 0 bytes");
  write_file(path,
             "\x89"
             "CRN");  // the beginning of a container, cut short
  CHECK_THROWS_WITH(io::load(path), Catch::Matchers::Contains("the file has 4 bytes"));
}

TEST_CASE("A view of a deferred tensor is deferred, and reads what it shows", "[io][load]") {
  const Tensor matrix = numbered({300, 500}), parameter = numbered({6, 7}).requires_grad_();
  const Bytes file =
      io::save_to_memory({{"m", matrix}, {"t", matrix.t()}, {"p", parameter}, {"s", matrix.select(1, 3)}},
                         {.preset = GENERATE(io::Preset::none, io::Preset::small)});
  const Value opened = io::open_memory(file.data);
  using View = std::function<Tensor(const Tensor&)>;
  const std::vector<std::pair<std::string, View>> views{
      {"narrow", [](const Tensor& x) { return x.narrow(0, 2, 3); }},
      {"column", [](const Tensor& x) { return x.select(-1, 4); }},
      {"transposed", [](const Tensor& x) { return x.transpose(0, -1); }},
      {"slice of a transposed", [](const Tensor& x) { return x.transpose(0, -1).narrow(0, 1, 3); }},
      {"expanded",
       [](const Tensor& x) {
         return x.unsqueeze(0).expand({4, x.size(0), x.size(-1)});
       }},
      {"cut anew",
       [](const Tensor& x) {
         return x.narrow(0, 0, 4).reshape({2, -1});
       }},
      {"empty", [](const Tensor& x) { return x.narrow(0, 1, 0); }},
  };
  for (const char* key : {"m", "t", "p"}) {
    const Tensor deferred = opened[key].as_tensor(), real = materialize(deferred);
    for (const auto& [name, view] : views) {
      if (name == "cut anew" && key == std::string("t")) continue;  // only a copy could
      CAPTURE(key, name);
      const Tensor shown = view(deferred);
      CHECK(shown.is_deferred());
      CHECK(shown.shape() == view(real).shape());
      CHECK(elements(materialize(shown)) == elements(view(real)));
      const Tensor target = zeros(shown.shape());
      source_of(shown)->read(std::vector{Transfer{"x", shown, target}}, {}, nullptr);
      CHECK(elements(target) == elements(view(real)));
    }
  }
  const Tensor rows = materialize(opened["p"].as_tensor().narrow(0, 0, 2));  // numbers of its own, to be trained on
  CHECK((rows.requires_grad() && rows.is_leaf()));
  const Value pair = List{opened["m"], opened["m"].as_tensor().narrow(0, 7, 2)};  // one read, one storage
  const Value real = materialize(pair);
  CHECK(real[0].as_tensor().shares_storage(real[1].as_tensor()));
  CHECK_THROWS_WITH(opened["t"].as_tensor().reshape({-1}), Catch::Matchers::Contains("materialize() it first"));
}

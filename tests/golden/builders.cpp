// The table from PyTorch's names and arguments to Cairn's modules: what is not in it does not exist yet.
#include "builders.h"

#include <cctype>
#include <functional>
#include <optional>

namespace golden {

using namespace cairn;

namespace {

/// The arguments of a constructor, each asked for once; what is left over is an argument that Cairn does not know.
class Arguments {
 public:
  Arguments(const std::string& kind, const Json& args, const std::vector<std::string>& positions)
      : kind_(kind), left_(Json::object()) {
    if (args.is_array()) {
      expect(args.size() <= positions.size(), kind, " has no ", args.size(), " positional arguments here");
      for (std::size_t i = 0; i < args.size(); ++i) left_[positions[i]] = args[i];
    } else {
      for (const auto& [name, value] : args.items())
        left_[std::isdigit(static_cast<unsigned char>(name[0])) ? positions.at(std::stoul(name)) : name] = value;
    }
  }

  template <class T>
  T get(const char* name, T otherwise) {
    if (!left_.contains(name)) return otherwise;
    const Json value = take(name);
    return value.get<T>();
  }
  template <class T>
  T need(const char* name) {
    expect(left_.contains(name), kind_, " needs the argument ", name);
    return take(name).get<T>();
  }
  /// A number for both directions, or a list of two.
  Size2d get_size(const char* name, const Size2d& otherwise) {
    if (!left_.contains(name)) return otherwise;
    const Json value = take(name);
    if (value.is_number()) return value.get<std::int64_t>();
    return {value.at(0).get<std::int64_t>(), value.at(1).get<std::int64_t>()};
  }
  std::optional<Size2d> get_optional_size(const char* name) {
    if (!left_.contains(name)) return std::nullopt;
    return get_size(name, 0);
  }
  /// PyTorch's None is nothing; an argument that is absent is `otherwise`.
  std::optional<double> get_optional(const char* name, std::optional<double> otherwise) {
    if (!left_.contains(name)) return otherwise;
    const Json value = take(name);
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
  }
  void finish() const {
    for (const auto& [name, value] : left_.items()) throw Failure(kind_ + " has no argument " + name + " here");
  }

 private:
  Json take(const char* name) {
    Json value = left_.at(name);
    left_.erase(name);
    return value;
  }

  std::string kind_;
  Json left_;
};

struct ModuleKind {
  std::vector<std::string> positions;
  std::function<std::shared_ptr<nn::Module>(Arguments&)> make;
};

const std::vector<std::string> batch_norm_positions = {"num_features", "eps", "momentum", "affine",
                                                       "track_running_stats"};

template <class BatchNorm>
std::shared_ptr<nn::Module> make_batch_norm(Arguments& a) {
  nn::BatchNormOptions options;
  options.eps = a.get("eps", options.eps);
  options.momentum = a.get_optional("momentum", options.momentum);
  options.affine = a.get("affine", options.affine);
  options.track_running_stats = a.get("track_running_stats", options.track_running_stats);
  options.bias = a.get("bias", options.bias);
  return nn::make<BatchNorm>(a.need<std::int64_t>("num_features"), options);
}

const std::map<std::string, ModuleKind>& module_kinds() {
  static const std::map<std::string, ModuleKind> kinds = {
      {"Linear",
       {{"in_features", "out_features", "bias"},
        [](Arguments& a) {
          const auto in = a.need<std::int64_t>("in_features"), out = a.need<std::int64_t>("out_features");
          return nn::make<nn::Linear>(in, out, nn::LinearOptions{.bias = a.get("bias", true)});
        }}},
      {"BatchNorm1d", {batch_norm_positions, make_batch_norm<nn::BatchNorm1d>}},
      {"BatchNorm2d", {batch_norm_positions, make_batch_norm<nn::BatchNorm2d>}},
      {"Conv2d",
       {{"in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"},
        [](Arguments& a) {
          const auto in = a.need<std::int64_t>("in_channels"), out = a.need<std::int64_t>("out_channels");
          const Size2d kernel = a.get_size("kernel_size", 0);
          return nn::make<nn::Conv2d>(in, out, kernel,
                                      nn::Conv2dOptions{.stride = a.get_size("stride", 1),
                                                        .padding = a.get_size("padding", 0),
                                                        .dilation = a.get_size("dilation", 1),
                                                        .groups = a.get<std::int64_t>("groups", 1),
                                                        .bias = a.get("bias", true)});
        }}},
      {"MaxPool2d",
       {{"kernel_size", "stride", "padding", "dilation"},
        [](Arguments& a) {
          const Size2d kernel = a.get_size("kernel_size", 0);
          return nn::make<nn::MaxPool2d>(kernel, MaxPoolingOptions{.stride = a.get_optional_size("stride"),
                                                                   .padding = a.get_size("padding", 0),
                                                                   .dilation = a.get_size("dilation", 1),
                                                                   .ceil_mode = a.get("ceil_mode", false)});
        }}},
      {"AvgPool2d",
       {{"kernel_size", "stride", "padding"},
        [](Arguments& a) {
          const Size2d kernel = a.get_size("kernel_size", 0);
          return nn::make<nn::AvgPool2d>(kernel, AveragePoolingOptions{.stride = a.get_optional_size("stride"),
                                                                       .padding = a.get_size("padding", 0)});
        }}},
      {"AdaptiveAvgPool2d",
       {{"output_size"}, [](Arguments& a) { return nn::make<nn::AdaptiveAvgPool2d>(a.get_size("output_size", 0)); }}},
      {"ReLU",
       {{"inplace"},
        [](Arguments& a) { return nn::make<nn::ReLU>(nn::ReLUOptions{.inplace = a.get("inplace", false)}); }}},
      {"Sigmoid", {{}, [](Arguments&) { return nn::make<nn::Sigmoid>(); }}},
      {"Tanh", {{}, [](Arguments&) { return nn::make<nn::Tanh>(); }}},
      {"Identity", {{}, [](Arguments&) { return nn::make<nn::Identity>(); }}},
      {"LeakyReLU",
       {{"negative_slope", "inplace"},
        [](Arguments& a) {
          return nn::make<nn::LeakyReLU>(nn::LeakyReLUOptions{a.get("negative_slope", 0.01), a.get("inplace", false)});
        }}},
      {"GELU",
       {{"approximate"},
        [](Arguments& a) {
          const bool tanh = a.get<std::string>("approximate", "none") == "tanh";
          return nn::make<nn::GELU>(nn::GELUOptions{tanh ? GeluApproximate::tanh : GeluApproximate::none});
        }}},
      {"Softmax", {{"dim"}, [](Arguments& a) { return nn::make<nn::Softmax>(a.need<int>("dim")); }}},
      {"LogSoftmax", {{"dim"}, [](Arguments& a) { return nn::make<nn::LogSoftmax>(a.need<int>("dim")); }}},
      {"Flatten",
       {{"start_dim", "end_dim"},
        [](Arguments& a) {
          return nn::make<nn::Flatten>(nn::FlattenOptions{a.get("start_dim", 1), a.get("end_dim", -1)});
        }}},
      {"Dropout",
       {{"p", "inplace"},
        [](Arguments& a) {
          return nn::make<nn::Dropout>(nn::DropoutOptions{a.get("p", 0.5), a.get("inplace", false)});
        }}},
      {"Embedding",
       {{"num_embeddings", "embedding_dim", "padding_idx"},
        [](Arguments& a) {
          const auto rows = a.need<std::int64_t>("num_embeddings"), width = a.need<std::int64_t>("embedding_dim");
          nn::EmbeddingOptions options;
          if (const auto padding = a.get_optional("padding_idx", {}))
            options.padding_idx = static_cast<std::int64_t>(*padding);
          return nn::make<nn::Embedding>(rows, width, options);
        }}},
      {"LayerNorm",
       {{"normalized_shape", "eps", "elementwise_affine", "bias"},
        [](Arguments& a) {
          nn::LayerNormOptions options;
          options.eps = a.get("eps", options.eps);
          options.elementwise_affine = a.get("elementwise_affine", options.elementwise_affine);
          options.bias = a.get("bias", options.bias);
          const auto shape = a.need<std::vector<std::int64_t>>("normalized_shape");
          return nn::make<nn::LayerNorm>(Shape{std::span<const std::int64_t>(shape)}, options);
        }}},
      {"CrossEntropyLoss", {{}, [](Arguments&) { return nn::make<nn::CrossEntropyLoss>(); }}},
      {"MSELoss", {{}, [](Arguments&) { return nn::make<nn::MSELoss>(); }}},
  };
  return kinds;
}

}  // namespace

std::shared_ptr<nn::Module> make_module(const std::string& kind, const Json& args) {
  const auto found = module_kinds().find(kind);
  expect(found != module_kinds().end(), "there is no module ", kind);
  Arguments arguments(kind, args, found->second.positions);
  auto made = found->second.make(arguments);
  arguments.finish();
  return made;
}

Dict to_options(const Json& object) {
  Dict options;
  for (const auto& [name, value] : object.items()) {
    if (value.is_null())
      options.set(name, Value());
    else if (value.is_boolean())
      options.set(name, value.get<bool>());
    else if (value.is_number_integer())
      options.set(name, value.get<std::int64_t>());
    else if (value.is_number())
      options.set(name, value.get<double>());
    else if (value.is_array())
      options.set(name, Tuple{value.at(0).get<double>(), value.at(1).get<double>()});
    else
      throw Failure("an option " + name + " of a kind that is not known");
  }
  return options;
}

bool equals(const Value& value, const Json& expected) {
  if (expected.is_null()) return value.is_none();
  if (expected.is_boolean()) return value.is(Value::Kind::boolean) && value.as_bool() == expected.get<bool>();
  if (expected.is_number_integer())
    return value.is(Value::Kind::integer) && value.as_int() == expected.get<std::int64_t>();
  if (expected.is_number()) return value.is(Value::Kind::floating) && value.as_float() == expected.get<double>();
  if (expected.is_string())
    return expected == "tensor" ? value.is(Value::Kind::tensor)
                                : value.is(Value::Kind::text) && value.as_text() == expected;
  if (expected.is_array()) {
    if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple)) return false;
    const std::vector<Value>& items = value.items();
    if (items.size() != expected.size()) return false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!equals(items[i], expected[i])) return false;
    }
    return true;
  }
  if (!value.is(Value::Kind::dict) || value.as_dict().size() != expected.size()) return false;
  auto entry = value.as_dict().begin();
  for (const auto& [key, item] : expected.items()) {
    if (entry->first.plain() != key || !equals(entry->second, item)) return false;
    ++entry;
  }
  return true;
}

Reduction to_reduction(const std::string& name) {
  if (name == "none") return Reduction::none;
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  throw Failure("there is no reduction " + name);
}

}  // namespace golden

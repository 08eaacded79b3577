// Any number of parameters of a model, by number.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include <cairn/nn/module.h>

namespace cairn::nn {

class ParameterList : public Module {
 public:
  ParameterList() { detail::remember_type(this); }
  /// Tensors become parameters on the same numbers; parameters are tied.
  explicit ParameterList(std::initializer_list<Tensor> tensors) : ParameterList() { extend(tensors); }

  // A negative index counts from the end; one out of range throws IndexError.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Parameter& operator[](std::int64_t index) const;  ///< `list[0] = tensor` replaces the parameter.
  void append(const Tensor& tensor);
  void push_back(const Tensor& tensor) { append(tensor); }
  void extend(std::initializer_list<Tensor> tensors);
  void extend(const std::vector<Tensor>& tensors);
  void extend(const ParameterList& others);  ///< Ties its parameters.

  Tensor forward(const Tensor& x) override;  ///< Throws TypeError: a list computes nothing.
  std::string extra_repr() const override;
  Value options() const override;  ///< The shapes.
  static std::shared_ptr<ParameterList> from_options(const Value& options);

  class Iterator {
   public:
    Iterator(const ParameterList* list, std::size_t at) : list_(list), at_(at) {}
    Parameter& operator*() const { return (*list_)[static_cast<std::int64_t>(at_)]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const ParameterList* list_;
    std::size_t at_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

 private:
  std::size_t size_ = 0;
};

}  // namespace cairn::nn

// The families that the tables of operation_cases.h are put together from, one a file, and what their cases share.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "operation_cases.h"

using Inputs = std::vector<cairn::Tensor>;

struct Tables {
  std::vector<Case> small, awkward, whole;
};

void add_elementwise_cases(Tables& tables);
void add_choosing_cases(Tables& tables);
void add_reduction_cases(Tables& tables);
void add_shape_cases(Tables& tables);
void add_indexing_cases(Tables& tables);
void add_layer_cases(Tables& tables);
void add_image_cases(Tables& tables);
void add_loss_cases(Tables& tables);

inline void add(std::vector<Case>& table, std::initializer_list<Case> cases) {
  table.insert(table.end(), cases.begin(), cases.end());
}

/// Numbers of an input's dtype, on its device.
inline cairn::Tensor beside(const cairn::Tensor& x, std::initializer_list<double> values) {
  return cairn::tensor(values).to(x.dtype()).to(x.device());
}

/// The same numbers in the dtype of `x`, so that a bool or a place can be compared as any result is.
inline cairn::Tensor as(const cairn::Tensor& x, const cairn::Tensor& result) { return result.to(x.dtype()); }

/// A shape of so many dimensions, few of them longer than 1, so that they cannot be joined when spread.
inline cairn::Shape of_rank(int rank) {
  cairn::Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(i % (rank / 5) == 0 ? 2 : i == rank - 2 ? 3 : 1);
  return shape;
}

// CSV: tables of numbers as text (RFC 4180), a line for each example.
//
//   sepal,petal,species        header: names of the columns, unless there is none
//   5.1,1.4,0                  every field a number, in quotation marks or not
//   7.0,4.7,1
//
// The whole file is read before anything is made of it, and every field that is no number is an error that names its
// line and column. Columns of words are not for tensors: give their values numbers first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/tensor.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

struct CsvOptions {
  bool header = true;    ///< The first line holds names.
  char delimiter = ',';  ///< Between fields.
};

struct CsvTable {
  std::vector<std::string> columns;  ///< Their names; empty without a header.
  Tensor numbers;                    ///< float64 [rows, columns]

  /// Which column has the name. Throws KeyError, with the nearest name, if none has.
  std::int64_t column(const std::string& name) const;
};

/// Throws IoError when the file cannot be read, and FormatError, naming file and line, for a line with another number
/// of fields than the first, a field that is no number or one out of float64's range, or a quotation mark that does not
/// end.
CsvTable read_csv(const std::string& path, const CsvOptions& options = {});

/// Examples from a table: the column `target` is what is to be predicted, int64 classes or float32 numbers by
/// `target_dtype`, [rows]; the others are the inputs, float32 [rows, columns - 1]. Throws KeyError for a name that no
/// column has, ValueError where classes are wanted of numbers that are not whole.
TensorDataset csv_dataset(const CsvTable& table, const std::string& target, DType target_dtype = DType::int64);
TensorDataset csv_dataset(const CsvTable& table, std::int64_t target, DType target_dtype = DType::int64);

}  // namespace cairn::train

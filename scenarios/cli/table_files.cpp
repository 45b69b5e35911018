#include "scenarios/cli/table_files.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/output_target.h"
#include "profiles/measured_table.h"
#include "scenarios/cli/options.h"

namespace stagecraft {

namespace {

std::string text_of(const RawRows& rows) {
  std::string text = to_text(rows.header);
  for (const MeasuredRow& row : rows.rows) text += to_text(row);
  return text;
}

}  // namespace

void expect_not_overwritten(const std::string& option, const std::string& path,
                            const std::vector<std::string>& inputs) {
  const auto id = file_id(path);
  for (const std::string& input : inputs)
    if (id && id == file_id(input))
      throw UsageError(fmt::format("option '--{}' would overwrite '{}', which is read", option, input));
}

TableFiles::TableFiles(const std::string& path, const std::vector<std::string>& inputs,
                       const std::string& command)
    : path_(path), rows_path_(path.ends_with(".csv") ? path : path + ".rows.csv") {
  if (path.empty() || path == "-")
    throw UsageError(
        fmt::format("`{}` needs '--output FILE', the table to write; rows go to FILE.rows.csv", command));
  expect_not_overwritten("output", path_, inputs);
  expect_not_overwritten("output", rows_path_, inputs);
  rows_.emplace(rows_path_);
  if (rows_path_ != path_) table_.emplace(path_);
}

void TableFiles::write(const RawRows& rows) {
  rows_->write(text_of(rows));
  rows_->finish();
  if (!table_) return rows_->commit();
  std::string table;
  try {
    table = to_text(table_of(rows));
  } catch (const InputError& error) {
    rows_->commit();
    throw InputError(
        fmt::format("{}: error: {}\n      = the rows are in {}; a trace has shapes with "
                    "torch.profiler.profile(record_shapes=True)",
                    path_, error.what(), rows_path_));
  }
  table_->write(table);
  table_->finish();
  rows_->commit();
  table_->commit();
}

std::string TableFiles::names() const {
  return table_ ? fmt::format("{} and {}", path_, rows_path_) : rows_path_;
}

}  // namespace stagecraft

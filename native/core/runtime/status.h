// How the core reports failure: by value. Nothing in the core throws across its edge, prints, or aborts.
#pragma once

#include <string>
#include <utility>

namespace infomotion::runtime {

// An empty code means success. Codes are the stable strings of docs/errors.md (for example "INVALID_ARGUMENT").
struct Status {
  std::string code;
  std::string message;

  bool ok() const { return code.empty(); }
  static Status error(std::string code, std::string message) { return {std::move(code), std::move(message)}; }
  static Status cancelled() { return {"ABORTED", "The operation was aborted."}; }
};

}  // namespace infomotion::runtime

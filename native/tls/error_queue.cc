#include "tls/error_queue.h"

#include <openssl/err.h>

#include <array>

namespace onion::tls {

namespace {

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

// ERR_clear_error(3) goes through all sixteen slots of the queue, also when it
// is empty, as it nearly always is.
void ClearErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

ErrorQueueGuard::ErrorQueueGuard() { ClearErrors(); }
ErrorQueueGuard::~ErrorQueueGuard() { ClearErrors(); }

std::vector<ErrorEntry> TakeErrors() {
  std::vector<ErrorEntry> entries;
  const char* function = nullptr;
  while (unsigned long code =
             ERR_get_error_all(nullptr, nullptr, &function, nullptr, nullptr)) {
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    entries.push_back({.library = OrEmpty(ERR_lib_error_string(code)),
                       .function = OrEmpty(function),
                       .reason = OrEmpty(ERR_reason_error_string(code)),
                       .library_code = ERR_GET_LIB(code),
                       .reason_code = ERR_GET_REASON(code),
                       .text = text.data()});
  }
  return entries;
}

}  // namespace onion::tls

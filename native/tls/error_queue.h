#ifndef ONION_TLS_TLS_ERROR_QUEUE_H_
#define ONION_TLS_TLS_ERROR_QUEUE_H_

#include <string>
#include <vector>

namespace onion::tls {

// One entry of OpenSSL's error queue (ERR_get_error_all(3)).
struct ErrorEntry {
  std::string library;
  std::string function;
  std::string reason;
  int library_code = 0;
  int reason_code = 0;
  std::string text;
};

// Empties OpenSSL's error queue, so that what a call has left behind is never
// taken for the error of the next one.
void ClearErrors();

// Does so before a call and after it.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard();
  ~ErrorQueueGuard();
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

// Takes all entries, the oldest (the cause) first.
std::vector<ErrorEntry> TakeErrors();

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_ERROR_QUEUE_H_

#ifndef ONION_TLS_TLS_OUTCOME_H_
#define ONION_TLS_TLS_OUTCOME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tls/bytes.h"
#include "tls/error_queue.h"

namespace onion::tls {

// What a pass of bytes stopped at. Mirrored by NativeEvent in src/native.ts.
enum class Event : uint32_t {
  kNone = 0,
  kEstablished = 1,
  kPeerClosed = 2,
  kFailed = 3,
  kClientHello = 4,
  kVerify = 5,
  kOffload = 6,
  kFull = 7,
};

struct Outcome {
  Event event = Event::kNone;
  size_t layer = 0;
  size_t plaintext = 0;
  size_t wire = 0;
  // How much of the wire passed in has been taken; the caller has the rest.
  size_t used = 0;
};

struct Alert {
  int code = 0;
  std::string name;
  bool received = false;
};

// Why a layer failed. It is a value, not an exception: the alert that tells
// the peer still has to be sent.
struct Failure {
  std::vector<ErrorEntry> entries;
  bool handshaking = false;
  bool peer_closed = false;
  bool has_alert = false;
  Alert alert;
  long verify_error = 0;
  std::string limit;
};

// Something the application may want to know that does not stop the bytes.
struct Note {
  enum class Kind {
    kKeylog,
    kSession,
    kHandshakeStart,
    kHandshakeDone,
    kMessageSent,
    kMessageReceived
  };
  Kind kind;
  std::string data;
  std::string id;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_OUTCOME_H_

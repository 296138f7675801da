#include "tls/client_hello.h"

#include <algorithm>

#include "tls/bytes.h"

namespace onion::tls {

namespace {

// A reader of the vectors inside a ClientHello extension (RFC 8446 section 4).
class WireReader {
 public:
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  // A vector with a length of `prefix` bytes in front; empty when it is cut.
  ByteView Vector(size_t prefix) {
    if (rest_.size() < prefix) return Cut();
    size_t length = 0;
    for (size_t i = 0; i < prefix; i++) length = length << 8 | rest_[i];
    if (rest_.size() - prefix < length) return Cut();
    const ByteView vector = rest_.subspan(prefix, length);
    rest_ = rest_.subspan(prefix + length);
    return vector;
  }

  void Skip(size_t count) {
    rest_ = rest_.subspan(std::min(count, rest_.size()));
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  ByteView Cut() {
    rest_ = {};
    return {};
  }

  ByteView rest_;
};

std::optional<ByteView> Extension(SSL* ssl, unsigned int type) {
  const unsigned char* data = nullptr;
  size_t length = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &length) != 1) return {};
  return ByteView(data, length);
}

}  // namespace

ClientHello ParseClientHello(SSL* ssl) {
  ClientHello hello;
  if (auto names = Extension(ssl, TLSEXT_TYPE_server_name)) {
    WireReader list(WireReader(*names).Vector(2));
    list.Skip(1);  // name_type, host_name is the only one
    const ByteView name = list.Vector(2);
    if (!name.empty()) hello.servername = ToString(name);
  }
  const unsigned int alpn = TLSEXT_TYPE_application_layer_protocol_negotiation;
  if (auto protocols = Extension(ssl, alpn)) {
    WireReader list(WireReader(*protocols).Vector(2));
    while (!list.empty()) hello.protocols.push_back(ToString(list.Vector(1)));
  }
  const unsigned char* id = nullptr;
  const size_t length = SSL_client_hello_get0_session_id(ssl, &id);
  hello.session_id = ToString({id, length});
  const auto ticket = Extension(ssl, TLSEXT_TYPE_session_ticket);
  hello.has_ticket =
      (ticket && !ticket->empty()) || Extension(ssl, TLSEXT_TYPE_psk);
  hello.requests_ocsp = Extension(ssl, TLSEXT_TYPE_status_request).has_value();
  return hello;
}

}  // namespace onion::tls

#ifndef ONION_TLS_TLS_CLIENT_HELLO_H_
#define ONION_TLS_TLS_CLIENT_HELLO_H_

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <vector>

namespace onion::tls {

// What a server layer knows when it stops at a ClientHello.
struct ClientHello {
  std::optional<std::string> servername;
  std::vector<std::string> protocols;
  std::string session_id;
  bool has_ticket = false;
  bool requests_ocsp = false;
};

// Reads the ClientHello that OpenSSL is at: valid in its client-hello callback
// (SSL_CTX_set_client_hello_cb(3)) only.
ClientHello ParseClientHello(SSL* ssl);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_CLIENT_HELLO_H_

#ifndef ONION_TLS_TLS_TICKET_KEYS_H_
#define ONION_TLS_TLS_TICKET_KEYS_H_

#include <openssl/ssl.h>

#include <array>
#include <cstdint>

namespace onion::tls {

// What seals session tickets (RFC 5077 §4), in Node's layout: the name of the
// key, the key of HMAC-SHA256, the key of AES-128-CBC; 16 bytes each. Servers
// that have the same keys resume each other's sessions.
using TicketKeys = std::array<uint8_t, 48>;

// Makes the context seal tickets with such keys, random ones at first.
[[nodiscard]] bool InstallTicketKeys(SSL_CTX* context);
[[nodiscard]] bool SetTicketKeys(SSL_CTX* context, const TicketKeys& keys);
[[nodiscard]] bool GetTicketKeys(SSL_CTX* context, TicketKeys& keys);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_TICKET_KEYS_H_

#ifndef ONION_TLS_TLS_PEM_H_
#define ONION_TLS_TLS_PEM_H_

#include <optional>
#include <string>
#include <vector>

#include "tls/openssl_pointers.h"

namespace onion::tls {

// A key or a PKCS #12 file with the passphrase that opens it, if there is one.
// The bytes belong to the caller.
struct Secret {
  ByteView data;
  std::optional<std::string> passphrase;
};

// Each reads PEM, or DER where the bytes start as DER does. Nothing (an empty
// vector or a null pointer) is returned when there is nothing to read or when
// any part of it is bad; the reason stays in OpenSSL's error queue.
[[nodiscard]] std::vector<X509Pointer> ReadCertificates(ByteView bytes);
[[nodiscard]] std::vector<X509CrlPointer> ReadRevocationLists(ByteView bytes);
[[nodiscard]] KeyPointer ReadPrivateKey(const Secret& secret);
[[nodiscard]] KeyPointer ReadDhParameters(ByteView bytes);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_PEM_H_

#ifndef ONION_TLS_TLS_CONNECTION_INFO_H_
#define ONION_TLS_TLS_CONNECTION_INFO_H_

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <vector>

#include "tls/bytes.h"
#include "tls/engine.h"

// What can be asked about a layer. Bytes are DER or raw, in std::string.
namespace onion::tls {

struct CipherInfo {
  std::string name;
  std::string standard_name;
  std::string version;
};

struct EphemeralKey {
  std::string type;
  std::string name;
  int size = 0;
};

std::vector<std::string> SentCertificates(const Engine& engine);
std::vector<std::string> VerifiedCertificates(const Engine& engine);
bool HasPeerCertificate(const Engine& engine);
// Whether the peer's certificate names the host or IP address among its
// subjectAltNames. Stricter than Node's tls.checkServerIdentity: no partial
// wildcards, no common name.
bool PeerMatches(const Engine& engine, const std::string& host, bool is_ip);
std::optional<std::string> OwnCertificate(const SSL* ssl);
std::optional<CipherInfo> CurrentCipher(const SSL* ssl);
std::optional<std::string> SelectedProtocol(const SSL* ssl);
// The server's temporary key; empty where there was none (RSA key exchange).
std::optional<EphemeralKey> PeerTemporaryKey(SSL* ssl);
// Its size where it is one of Diffie-Hellman over a prime field, which the
// server chooses up to TLS 1.2; otherwise 0.
int DhKeyBits(SSL* ssl);
std::optional<std::string> CurrentSession(SSL* ssl);
std::optional<std::string> CurrentTicket(SSL* ssl);
std::optional<std::string> FinishedMessage(const SSL* ssl, bool of_peer);
std::vector<std::string> SharedSigalgs(SSL* ssl);
std::optional<std::string> OcspResponse(SSL* ssl);
std::optional<std::string> ExportKeyingMaterial(
    SSL* ssl, size_t length, const std::string& label,
    std::optional<ByteView> context);
// The name that Node gives to a verify error, such as CERT_HAS_EXPIRED.
std::string VerifyErrorCode(long error);

// What one of OpenSSL's i2d functions writes; empty where it fails.
template <typename T>
std::string DerOf(const T* object, int (*write)(const T*, unsigned char**)) {
  const int length = write(object, nullptr);
  if (length <= 0) return {};
  std::string der(static_cast<size_t>(length), '\0');
  auto* cursor = reinterpret_cast<unsigned char*>(der.data());
  write(object, &cursor);
  return der;
}

std::string DerOf(const X509* certificate);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_CONNECTION_INFO_H_

#include "tls/connection_info.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>

#include "tls/error_queue.h"

namespace onion::tls {

namespace {

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

void AppendStack(STACK_OF(X509) * stack, std::vector<std::string>* list) {
  for (int i = 0; i < sk_X509_num(stack); i++) {
    list->push_back(DerOf(sk_X509_value(stack, i)));
  }
}

// The names that Node reports, which are TLS's and not OpenSSL's.
struct SigalgName {
  int nid;
  const char* name;
};

const char* SignatureName(int nid) {
  static constexpr std::array<SigalgName, 9> kNames = {{
      {EVP_PKEY_RSA, "RSA"},
      {EVP_PKEY_RSA_PSS, "RSA-PSS"},
      {EVP_PKEY_DSA, "DSA"},
      {EVP_PKEY_EC, "ECDSA"},
      {NID_ED25519, "Ed25519"},
      {NID_ED448, "Ed448"},
      {NID_id_GostR3410_2001, "gost2001"},
      {NID_id_GostR3410_2012_256, "gost2012_256"},
      {NID_id_GostR3410_2012_512, "gost2012_512"},
  }};
  for (const SigalgName& entry : kNames) {
    if (entry.nid == nid) return entry.name;
  }
  return OBJ_nid2sn(nid);
}

}  // namespace

std::string DerOf(const X509* certificate) {
  return DerOf<X509>(certificate, i2d_X509);
}

namespace {

// The one of this handshake, also while it waits for the verdict, or that of
// the resumed session; null: none.
X509* PeerCertificate(const Engine& engine) {
  X509* offered = engine.offered_certificate();
  return offered == nullptr ? SSL_get0_peer_certificate(engine.ssl()) : offered;
}

}  // namespace

bool HasPeerCertificate(const Engine& engine) {
  return PeerCertificate(engine) != nullptr;
}

bool PeerMatches(const Engine& engine, const std::string& host, bool is_ip) {
  const ErrorQueueGuard guard;
  X509* certificate = PeerCertificate(engine);
  if (certificate == nullptr) return false;
  if (is_ip) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  constexpr unsigned int kFlags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return X509_check_host(certificate, host.data(), host.size(), kFlags,
                         nullptr) == 1;
}

std::vector<std::string> SentCertificates(const Engine& engine) {
  const ErrorQueueGuard guard;
  std::vector<std::string> list;
  const X509Pointer leaf(SSL_get1_peer_certificate(engine.ssl()));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(engine.ssl());
  // A server's view of the chain lacks the leaf (SSL_get_peer_cert_chain(3)).
  if (engine.options().is_server || chain == nullptr) {
    X509* first = leaf ? leaf.get() : engine.offered_certificate();
    if (first != nullptr) list.push_back(DerOf(first));
  }
  if (chain != nullptr) AppendStack(chain, &list);
  return list;
}

std::vector<std::string> VerifiedCertificates(const Engine& engine) {
  std::vector<std::string> list;
  if (engine.verified_chain() != nullptr) {
    AppendStack(engine.verified_chain(), &list);
  }
  return list;
}

std::optional<std::string> OwnCertificate(const SSL* ssl) {
  X509* certificate = SSL_get_certificate(ssl);
  if (certificate == nullptr) return {};
  return DerOf(certificate);
}

std::optional<CipherInfo> CurrentCipher(const SSL* ssl) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr) return {};
  return CipherInfo{.name = OrEmpty(SSL_CIPHER_get_name(cipher)),
                    .standard_name = OrEmpty(SSL_CIPHER_standard_name(cipher)),
                    .version = OrEmpty(SSL_CIPHER_get_version(cipher))};
}

std::optional<std::string> SelectedProtocol(const SSL* ssl) {
  const unsigned char* data = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl, &data, &length);
  if (length == 0) return {};
  return ToString({data, length});
}

std::optional<EphemeralKey> PeerTemporaryKey(SSL* ssl) {
  const ErrorQueueGuard guard;
  EVP_PKEY* raw = nullptr;
  if (SSL_get_peer_tmp_key(ssl, &raw) != 1) return {};
  const KeyPointer key(raw);
  const int kind = EVP_PKEY_get_id(key.get());
  EphemeralKey info{.type = {}, .name = {}, .size = EVP_PKEY_get_bits(raw)};
  if (kind == EVP_PKEY_DH) {
    info.type = "DH";
    return info;
  }
  info.type = "ECDH";
  std::array<char, 64> group{};
  size_t length = 0;
  if (kind == EVP_PKEY_EC &&
      EVP_PKEY_get_group_name(raw, group.data(), group.size(), &length) == 1) {
    info.name = OrEmpty(OBJ_nid2sn(OBJ_txt2nid(group.data())));
  } else if (kind > 0) {
    info.name = OrEmpty(OBJ_nid2sn(kind));
  } else {
    // A group of a provider, such as a hybrid one: it has no key type.
    const auto negotiated = static_cast<int>(SSL_get_negotiated_group(ssl));
    info = {.type = "TLSGroup",
            .name = OrEmpty(SSL_group_to_name(ssl, negotiated)),
            .size = 0};
  }
  return info;
}

int DhKeyBits(SSL* ssl) {
  if (SSL_version(ssl) >= TLS1_3_VERSION) return 0;
  const ErrorQueueGuard guard;
  EVP_PKEY* raw = nullptr;
  if (SSL_get_peer_tmp_key(ssl, &raw) != 1) return 0;
  const KeyPointer key(raw);
  return EVP_PKEY_get_id(raw) == EVP_PKEY_DH ? EVP_PKEY_get_bits(raw) : 0;
}

std::optional<std::string> CurrentSession(SSL* ssl) {
  SSL_SESSION* session = SSL_get_session(ssl);
  if (session == nullptr) return {};
  const int length = i2d_SSL_SESSION(session, nullptr);
  if (length <= 0) return {};
  std::string der(static_cast<size_t>(length), '\0');
  auto* cursor = reinterpret_cast<unsigned char*>(der.data());
  i2d_SSL_SESSION(session, &cursor);
  return der;
}

std::optional<std::string> CurrentTicket(SSL* ssl) {
  SSL_SESSION* session = SSL_get_session(ssl);
  if (session == nullptr) return {};
  const unsigned char* ticket = nullptr;
  size_t length = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &length);
  if (ticket == nullptr) return {};
  return ToString({ticket, length});
}

std::optional<std::string> FinishedMessage(const SSL* ssl, bool of_peer) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> message{};
  const size_t length =
      of_peer ? SSL_get_peer_finished(ssl, message.data(), message.size())
              : SSL_get_finished(ssl, message.data(), message.size());
  if (length == 0) return {};
  return ToString({message.data(), length});
}

std::vector<std::string> SharedSigalgs(SSL* ssl) {
  std::vector<std::string> list;
  const int count = SSL_get_shared_sigalgs(ssl, 0, nullptr, nullptr, nullptr,
                                           nullptr, nullptr);
  for (int i = 0; i < count; i++) {
    int sign = 0;
    int hash = 0;
    SSL_get_shared_sigalgs(ssl, i, &sign, &hash, nullptr, nullptr, nullptr);
    list.push_back(OrEmpty(SignatureName(sign)) + "+" +
                   (hash == NID_undef ? "UNDEF" : OrEmpty(OBJ_nid2sn(hash))));
  }
  return list;
}

std::optional<std::string> OcspResponse(SSL* ssl) {
  const unsigned char* response = nullptr;
  const long length = SSL_get_tlsext_status_ocsp_resp(ssl, &response);
  if (response == nullptr || length <= 0) return {};
  return ToString({response, static_cast<size_t>(length)});
}

std::optional<std::string> ExportKeyingMaterial(
    SSL* ssl, size_t length, const std::string& label,
    std::optional<ByteView> context) {
  const ErrorQueueGuard guard;
  std::string material(length, '\0');
  const int done = SSL_export_keying_material(
      ssl, reinterpret_cast<unsigned char*>(material.data()), length,
      label.data(), label.size(), context ? context->data() : nullptr,
      context ? context->size() : 0, context ? 1 : 0);
  if (done != 1) return {};
  return material;
}

}  // namespace onion::tls

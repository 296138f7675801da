#ifndef ONION_TLS_TLS_SECURE_CONTEXT_H_
#define ONION_TLS_TLS_SECURE_CONTEXT_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tls/bytes.h"
#include "tls/error_queue.h"
#include "tls/openssl_pointers.h"
#include "tls/pem.h"
#include "tls/ticket_keys.h"
#include "tls/trust_store.h"

namespace onion::tls {

// Mirrors NativeContextOptions in src/native.ts. The bytes belong to the
// caller and are only looked at while the context is made.
struct SecureContextOptions {
  std::vector<ByteView> certificates;
  std::vector<Secret> keys;
  std::vector<Secret> pfx;
  std::optional<std::vector<ByteView>> authorities;
  std::vector<ByteView> revocation_lists;
  std::optional<std::string> cipher_list;
  std::optional<std::string> cipher_suites;
  std::string groups = "auto";
  std::optional<std::string> signature_algorithms;
  bool dh_auto = false;
  std::optional<ByteView> dh_parameters;
  int min_version = 0;
  int max_version = 0;
  uint64_t options = 0;
  std::optional<std::string> session_id_context;
  std::optional<int32_t> session_timeout;
  std::optional<TicketKeys> ticket_keys;
  bool allow_partial_trust_chain = false;
  std::optional<std::string> psk_identity_hint;
};

// Why a context could not be made or changed.
struct ContextError {
  // What was being done. Without entries OpenSSL gave no reason.
  std::string message;
  std::vector<ErrorEntry> entries;
};

// What the engines of a layer have in common: identities, trust, ciphers,
// versions, ticket keys. Engines keep the SSL_CTX alive by themselves, and
// all they need is inside it, so this object may go before them.
class SecureContext {
 public:
  // Null on failure, which `error` then explains.
  [[nodiscard]] static std::unique_ptr<SecureContext> Create(
      const SecureContextOptions& options, const TrustStore& default_trust,
      ContextError& error);

  SecureContext(const SecureContext&) = delete;
  SecureContext& operator=(const SecureContext&) = delete;
  ~SecureContext() = default;

  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }
  // The session id context, which OpenSSL can't be asked for.
  [[nodiscard]] const std::string& session_context() const {
    return session_context_;
  }

  [[nodiscard]] TicketKeys ticket_keys() const;
  [[nodiscard]] bool SetTicketKeys(const TicketKeys& keys, ContextError& error);

  // Trusts the certificates from now on and names them to clients.
  [[nodiscard]] bool AddAuthorities(ByteView bytes,
                                    const TrustStore& default_trust,
                                    ContextError& error);

  // The certificate that was set last; null without one.
  [[nodiscard]] X509* certificate() const;
  // Its issuer, out of the chain sent along or of the trusted certificates.
  [[nodiscard]] X509Pointer issuer() const;

 private:
  SecureContext(SslCtxPointer context, std::string session_context)
      : context_(std::move(context)),
        session_context_(std::move(session_context)) {}

  SslCtxPointer context_;
  std::string session_context_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_SECURE_CONTEXT_H_

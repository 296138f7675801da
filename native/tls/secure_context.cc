#include "tls/secure_context.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "tls/credentials.h"
#include "tls/engine.h"

namespace onion::tls {

namespace {

bool Fail(ContextError& error, const char* message) {
  error.message = message;
  error.entries = TakeErrors();
  return false;
}

// For what OpenSSL gives either no reason or a misleading one.
bool FailWithoutEntries(ContextError& error, const char* message) {
  ERR_clear_error();
  error.message = message;
  error.entries.clear();
  return false;
}

// RFC 8879, which OpenSSL 3.2 and later offer by themselves where they were
// built with it. A compressed certificate may expand to megabytes before
// anything is known of the peer. The headers of OpenSSL 3.0 do not know the
// bits, and its library does not look at them.
constexpr uint64_t kNoTxCertificateCompression = uint64_t{1} << 32U;
constexpr uint64_t kNoRxCertificateCompression = uint64_t{1} << 33U;

SslCtxPointer NewContext() {
  SslCtxPointer context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return nullptr;
  // SSL_CTX_set_read_ahead(3) stays off: it would swallow the bytes that
  // follow the peer's close_notify.
  SSL_CTX_set_read_ahead(context.get(), 0);
  // Not SSL_MODE_RELEASE_BUFFERS: which buffers are kept is up to Workspace.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Whether an engine renegotiates at all is its own option; this only keeps
  // a server that wants it from refusing its clients.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_SSLv3 |
                                         SSL_OP_ALLOW_CLIENT_RENEGOTIATION |
                                         kNoTxCertificateCompression |
                                         kNoRxCertificateCompression);
  // Sessions are kept by the application, if at all.
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_SERVER |
                                     SSL_SESS_CACHE_NO_INTERNAL |
                                     SSL_SESS_CACHE_NO_AUTO_CLEAR);
  return context;
}

bool SetProtocol(SSL_CTX* context, const SecureContextOptions& options,
                 ContextError& error) {
  SSL_CTX_set_options(context, options.options);
  if (SSL_CTX_set_min_proto_version(context, options.min_version) != 1 ||
      SSL_CTX_set_max_proto_version(context, options.max_version) != 1) {
    return Fail(error, "Failed to set the protocol versions");
  }
  return true;
}

bool SetCipherList(SSL_CTX* context, const std::string& list) {
  if (SSL_CTX_set_cipher_list(context, list.c_str()) == 1) return true;
  // An empty list takes TLS 1.2 away on purpose; OpenSSL does it and complains.
  return list.empty() &&
         ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_CIPHER_MATCH;
}

// Ciphers come before all else: "@SECLEVEL=n" in the list decides which keys
// and certificates are acceptable.
bool SetCiphers(SSL_CTX* context, const SecureContextOptions& options,
                ContextError& error) {
  if (options.cipher_suites.has_value() &&
      SSL_CTX_set_ciphersuites(context, options.cipher_suites->c_str()) != 1) {
    return Fail(error, "Failed to set ciphers");
  }
  if (options.cipher_list.has_value() &&
      !SetCipherList(context, *options.cipher_list)) {
    return Fail(error, "Failed to set ciphers");
  }
  ERR_clear_error();
  return true;
}

bool SetTrust(SSL_CTX* context, const SecureContextOptions& options,
              const TrustStore& default_trust, ContextError& error) {
  if (!options.authorities.has_value()) {
    if (!default_trust.AttachTo(context)) return Fail(error, "Out of memory");
  } else {
    for (const ByteView bytes : *options.authorities) {
      if (!UseAuthorities(context, bytes, default_trust)) {
        return Fail(error, "Failed to read a certificate authority");
      }
    }
  }
  for (const ByteView bytes : options.revocation_lists) {
    if (!UseRevocationLists(context, bytes, default_trust)) {
      return FailWithoutEntries(error, "Failed to parse CRL");
    }
  }
  if (options.allow_partial_trust_chain) {
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context),
                                X509_V_FLAG_PARTIAL_CHAIN);
  }
  return true;
}

bool SetIdentities(SSL_CTX* context, const SecureContextOptions& options,
                   const TrustStore& default_trust, ContextError& error) {
  for (const ByteView bytes : options.certificates) {
    if (!UseCertificateChain(context, bytes)) {
      return Fail(error, "Failed to use a certificate");
    }
  }
  for (const Secret& key : options.keys) {
    if (!UsePrivateKey(context, key)) {
      return Fail(error, "Failed to use a private key");
    }
  }
  for (const Secret& pfx : options.pfx) {
    const char* problem = UsePkcs12(context, pfx, default_trust);
    if (problem != nullptr) return Fail(error, problem);
  }
  return true;
}

bool SetDhParameters(SSL_CTX* context, ByteView bytes) {
  KeyPointer parameters = ReadDhParameters(bytes);
  if (parameters == nullptr) return false;
  if (SSL_CTX_set0_tmp_dh_pkey(context, parameters.get()) != 1) return false;
  // Owned by the context from here on.
  static_cast<void>(parameters.release());
  return true;
}

bool SetKeyExchange(SSL_CTX* context, const SecureContextOptions& options,
                    ContextError& error) {
  if (options.signature_algorithms.has_value() &&
      SSL_CTX_set1_sigalgs_list(context,
                                options.signature_algorithms->c_str()) != 1) {
    return Fail(error, "Failed to set the signature algorithms");
  }
  if (options.groups != "auto" &&
      SSL_CTX_set1_groups_list(context, options.groups.c_str()) != 1) {
    return FailWithoutEntries(error, "Failed to set ECDH curve");
  }
  if (options.dh_auto) {
    SSL_CTX_set_dh_auto(context, 1);
  } else if (options.dh_parameters.has_value() &&
             !SetDhParameters(context, *options.dh_parameters)) {
    return Fail(error, "Error setting temp DH parameter");
  }
  return true;
}

bool SetSessions(SSL_CTX* context, const SecureContextOptions& options,
                 ContextError& error) {
  if (options.session_id_context.has_value()) {
    const std::string& id = *options.session_id_context;
    if (SSL_CTX_set_session_id_context(
            context, reinterpret_cast<const unsigned char*>(id.data()),
            static_cast<unsigned int>(id.size())) != 1) {
      return Fail(error, "Failed to set the session id context");
    }
  }
  if (options.session_timeout.has_value()) {
    SSL_CTX_set_timeout(context, *options.session_timeout);
  }
  if (!InstallTicketKeys(context) ||
      (options.ticket_keys.has_value() &&
       !SetTicketKeys(context, *options.ticket_keys))) {
    return Fail(error, "Failed to set the ticket keys");
  }
  if (options.psk_identity_hint.has_value() &&
      SSL_CTX_use_psk_identity_hint(context,
                                    options.psk_identity_hint->c_str()) != 1) {
    return Fail(error, "Failed to set PSK identity hint");
  }
  return true;
}

}  // namespace

std::unique_ptr<SecureContext> SecureContext::Create(
    const SecureContextOptions& options, const TrustStore& default_trust,
    ContextError& error) {
  const ErrorQueueGuard guard;
  SslCtxPointer context = NewContext();
  if (context == nullptr) {
    Fail(error, "Failed to create a context");
    return nullptr;
  }
  SSL_CTX* raw = context.get();
  if (!SetProtocol(raw, options, error) || !SetCiphers(raw, options, error) ||
      !SetTrust(raw, options, default_trust, error) ||
      !SetIdentities(raw, options, default_trust, error) ||
      !SetKeyExchange(raw, options, error) ||
      !SetSessions(raw, options, error)) {
    return nullptr;
  }
  InstallEngineCallbacks(raw);
  return std::unique_ptr<SecureContext>(new SecureContext(
      std::move(context), options.session_id_context.value_or("")));
}

TicketKeys SecureContext::ticket_keys() const {
  TicketKeys keys{};
  static_cast<void>(GetTicketKeys(get(), keys));
  return keys;
}

bool SecureContext::SetTicketKeys(const TicketKeys& keys, ContextError& error) {
  const ErrorQueueGuard guard;
  return tls::SetTicketKeys(get(), keys) ||
         Fail(error, "Failed to set the ticket keys");
}

bool SecureContext::AddAuthorities(ByteView bytes,
                                   const TrustStore& default_trust,
                                   ContextError& error) {
  const ErrorQueueGuard guard;
  return UseAuthorities(get(), bytes, default_trust) ||
         Fail(error, "Failed to read a certificate authority");
}

X509* SecureContext::certificate() const {
  return SSL_CTX_get0_certificate(get());
}

X509Pointer SecureContext::issuer() const {
  const ErrorQueueGuard guard;
  X509* own = certificate();
  if (own == nullptr) return nullptr;
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(get(), &chain);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* candidate = sk_X509_value(chain, i);
    if (X509_check_issued(candidate, own) == X509_V_OK) {
      X509_up_ref(candidate);
      return X509Pointer(candidate);
    }
  }
  const X509StoreCtxPointer lookup(X509_STORE_CTX_new());
  X509* found = nullptr;
  if (lookup != nullptr &&
      X509_STORE_CTX_init(lookup.get(), SSL_CTX_get_cert_store(get()), nullptr,
                          nullptr) == 1 &&
      X509_STORE_CTX_get1_issuer(&found, lookup.get(), own) == 1) {
    return X509Pointer(found);
  }
  return nullptr;
}

}  // namespace onion::tls

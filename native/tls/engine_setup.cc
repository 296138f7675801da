// What an Engine sets on its SSL object, and what OpenSSL calls back. A
// callback stores what it is told in the Engine, or answers from what was
// stored there before; none of them leaves this layer, but for the pre-shared
// key, which OpenSSL can't wait for.

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "tls/connection_info.h"
#include "tls/engine.h"
#include "tls/error_queue.h"

namespace onion::tls {

namespace {

Engine* EngineOf(const SSL* ssl) {
  return static_cast<Engine*>(SSL_get_app_data(ssl));
}

SSL* SslOf(X509_STORE_CTX* store) {
  return static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
}

}  // namespace

// Of those that OpenSSL's list of descriptions lacks, the ones that peers send.
const char* AlertName(int value) {
  constexpr int kEchRequired = 121;  // RFC 9849
  switch (value & 0xff) {
    case SSL_AD_INAPPROPRIATE_FALLBACK:
      return "inappropriate fallback";
    case SSL_AD_MISSING_EXTENSION:
      return "missing extension";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "certificate required";
    case kEchRequired:
      return "ECH required";
    default:
      return SSL_alert_desc_string_long(value);
  }
}

// A friend of Engine, so that the C functions OpenSSL wants reach its members.
struct EngineCallbacks {
  static int OnClientHello(SSL* ssl, int* alert, void* /*argument*/) {
    Engine* engine = EngineOf(ssl);
    if (!engine->options_.pause_on_client_hello) {
      return SSL_CLIENT_HELLO_SUCCESS;
    }
    const ClientHelloAnswer* answer = engine->hello_answer();
    if (answer == nullptr) {
      engine->hello_ = std::make_unique<Engine::HelloPause>();
      engine->hello_->hello = ParseClientHello(ssl);
      return SSL_CLIENT_HELLO_RETRY;
    }
    if (answer->refused) {
      *alert = SSL_AD_INTERNAL_ERROR;
      return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_CTX* context = answer->context.get();
    if (context != nullptr) engine->SetContext(context);
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  static int OnServername(SSL* ssl, int* /*alert*/, void* /*argument*/) {
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == nullptr
               ? SSL_TLSEXT_ERR_NOACK
               : SSL_TLSEXT_ERR_OK;
  }

  static int OnAlpn(SSL* ssl, const unsigned char** chosen,
                    unsigned char* chosen_length, const unsigned char* offered,
                    unsigned int offered_length, void* /*argument*/) {
    Engine* engine = EngineOf(ssl);
    using Choice = ClientHelloAnswer::Protocol;
    if (const ClientHelloAnswer* answer = engine->hello_answer();
        answer != nullptr && answer->protocol_choice != Choice::kByList) {
      if (answer->protocol_choice == Choice::kRefused) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
      }
      *chosen = reinterpret_cast<const unsigned char*>(answer->protocol.data());
      *chosen_length = static_cast<unsigned char>(answer->protocol.size());
      return SSL_TLSEXT_ERR_OK;
    }
    const auto& list = engine->options_.alpn;
    if (list.empty()) return SSL_TLSEXT_ERR_NOACK;
    unsigned char* match = nullptr;
    const int status = SSL_select_next_proto(
        &match, chosen_length, list.data(),
        static_cast<unsigned int>(list.size()), offered, offered_length);
    *chosen = match;
    // RFC 7301 section 3.2: no overlap is fatal.
    return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                            : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int OnStatusRequest(SSL* ssl, void* /*argument*/) {
    Engine* engine = EngineOf(ssl);
    if (!engine->options_.is_server) return 1;
    const ClientHelloAnswer* answer = engine->hello_answer();
    if (answer == nullptr || answer->ocsp_response.empty()) {
      return SSL_TLSEXT_ERR_NOACK;
    }
    const auto& response = answer->ocsp_response;
    void* copy = OPENSSL_memdup(response.data(), response.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy,
                                    static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }

  static SSL_SESSION* OnFindSession(SSL* ssl, const unsigned char* /*id*/,
                                    int /*length*/, int* copy) {
    *copy = 0;
    const ClientHelloAnswer* answer = EngineOf(ssl)->hello_answer();
    if (answer == nullptr || answer->session == nullptr) return nullptr;
    SSL_SESSION_up_ref(answer->session.get());
    return answer->session.get();
  }

  static int OnNewSession(SSL* ssl, SSL_SESSION* session) {
    Engine* engine = EngineOf(ssl);
    if (!engine->collect_sessions_) return 0;
    unsigned int length = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &length);
    engine->notes_.push_back(
        {.kind = Note::Kind::kSession,
         .data = DerOf<SSL_SESSION>(session, i2d_SSL_SESSION),
         .id = ToString({id, length})});
    return 0;
  }

  static void OnKeylog(const SSL* ssl, const char* line) {
    Engine* engine = EngineOf(ssl);
    if (!engine->collect_keylog_) return;
    engine->notes_.push_back({.kind = Note::Kind::kKeylog,
                              .data = std::string(line) + "\n",
                              .id = {}});
  }

  // SSL_CTX_set_cert_verify_callback(3) in the place of X509_verify_cert. All
  // errors are walked through, as Node does, so that the last one is reported.
  static int OnVerify(X509_STORE_CTX* store, void* /*argument*/) {
    SSL* ssl = SslOf(store);
    Engine* engine = EngineOf(ssl);
    using Verdict = Engine::Verdict;
    if (engine->verdict_ == Verdict::kAccepted) {
      // Good for this certificate only: a renegotiation may bring another one.
      engine->verdict_ = Verdict::kNone;
      X509_STORE_CTX_set_error(store, static_cast<int>(engine->chain_error_));
      return 1;
    }
    if (engine->verdict_ == Verdict::kRefused) {
      engine->chain_error_ = X509_V_ERR_HOSTNAME_MISMATCH;
      X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
      return 0;
    }
    X509_STORE_CTX_set_verify_cb(store,
                                 [](int, X509_STORE_CTX*) -> int { return 1; });
    if (engine->signatures_ != nullptr) {
      X509_STORE_CTX_set_verify(store, OnVerifySignatures);
    }
    X509_verify_cert(store);
    Keep(engine, store);
    if (engine->options_.verify == VerifyMode::kEnforce &&
        engine->chain_error_ != X509_V_OK) {
      return 0;
    }
    if (engine->options_.pause_on_verify && !IsForHost(*engine)) {
      engine->verdict_ = Verdict::kAsked;
      if (!SSL_set_retry_verify(ssl)) return 0;
    }
    return 1;
  }

  static int OnVerifySignatures(X509_STORE_CTX* store) {
    return EngineOf(SslOf(store))->signatures_->Verify(store);
  }

  static bool IsForHost(const Engine& engine) {
    const EngineOptions& options = engine.options_;
    return options.finds_name && engine.chain_error_ == X509_V_OK &&
           PeerMatches(engine, options.name, options.name_is_ip);
  }

  // SSL_set_retry_verify(3) calls again with a store context that has verified
  // nothing, so the chain is kept here instead of being built twice.
  static void Keep(Engine* engine, X509_STORE_CTX* store) {
    engine->chain_error_ = X509_STORE_CTX_get_error(store);
    engine->verified_chain_.reset(X509_STORE_CTX_get1_chain(store));
    X509* leaf = X509_STORE_CTX_get0_cert(store);
    if (leaf != nullptr && X509_up_ref(leaf) == 1) {
      engine->offered_certificate_.reset(leaf);
    }
  }

  static void NoteRenegotiation(Engine* engine, const SSL* ssl, int where) {
    const auto note = [engine](Note::Kind kind) {
      engine->notes_.push_back({.kind = kind, .data = {}, .id = {}});
    };
    if ((where & SSL_CB_HANDSHAKE_START) != 0)
      note(Note::Kind::kHandshakeStart);
    // A server is done with its HelloRequest before the client has answered.
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0 &&
        SSL_renegotiate_pending(ssl) == 0) {
      note(Note::Kind::kHandshakeDone);
    }
  }

  static void OnInfo(const SSL* ssl, int where, int value) {
    Engine* engine = EngineOf(ssl);
    if (engine->established_ && SSL_version(ssl) < TLS1_3_VERSION) {
      NoteRenegotiation(engine, ssl, where);
    }
    if ((where & SSL_CB_ALERT) == 0) return;
    const int code = value & 0xff;
    const bool fatal = value >> 8 == SSL3_AL_FATAL;
    if (!fatal || code == SSL_AD_CLOSE_NOTIFY) return;
    engine->NoteAlert(code, (where & SSL_CB_READ) != 0);
  }

  // SSL_set_msg_callback(3). The headers of records and the type inside of an
  // encrypted one are told too, by numbers that no record has.
  static void OnMessage(int written, int /*version*/, int type,
                        const void* bytes, size_t length, SSL* ssl,
                        void* /*argument*/) {
    if (type != SSL3_RT_HANDSHAKE && type != SSL3_RT_ALERT &&
        type != SSL3_RT_CHANGE_CIPHER_SPEC) {
      return;
    }
    const ByteView message(static_cast<const uint8_t*>(bytes), length);
    EngineOf(ssl)->notes_.push_back(
        {.kind = written != 0 ? Note::Kind::kMessageSent
                              : Note::Kind::kMessageReceived,
         .data = ToString(message),
         .id = std::string(1, static_cast<char>(type))});
  }

  static unsigned int OnServerPsk(SSL* ssl, const char* identity,
                                  unsigned char* key, unsigned int max_key) {
    const auto answer = EngineOf(ssl)->options_.psk(identity, max_key, 0);
    return answer ? CopyKey(*answer, key, max_key) : 0;
  }

  static unsigned int OnClientPsk(SSL* ssl, const char* hint, char* identity,
                                  unsigned int max_identity, unsigned char* key,
                                  unsigned int max_key) {
    const auto answer =
        EngineOf(ssl)->options_.psk(hint, max_key, max_identity);
    if (!answer || answer->identity.size() >= max_identity) return 0;
    std::memcpy(identity, answer->identity.c_str(),
                answer->identity.size() + 1);
    return CopyKey(*answer, key, max_key);
  }

  static unsigned int CopyKey(const PskAnswer& answer, unsigned char* key,
                              unsigned int max_key) {
    if (answer.key.empty() || answer.key.size() > max_key) return 0;
    std::memcpy(key, answer.key.data(), answer.key.size());
    return static_cast<unsigned int>(answer.key.size());
  }
};

void InstallEngineCallbacks(SSL_CTX* context) {
  using C = EngineCallbacks;
  SSL_CTX_set_client_hello_cb(context, C::OnClientHello, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, C::OnServername);
  SSL_CTX_set_alpn_select_cb(context, C::OnAlpn, nullptr);
  SSL_CTX_set_tlsext_status_cb(context, C::OnStatusRequest);
  SSL_CTX_sess_set_get_cb(context, C::OnFindSession);
  SSL_CTX_sess_set_new_cb(context, C::OnNewSession);
  SSL_CTX_set_cert_verify_callback(context, C::OnVerify, nullptr);
}

bool Engine::Configure(const BIO_METHOD* method) {
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return false;
  BIO_set_data(bio, &pipe_);
  SSL_set_bio(ssl(), bio, bio);
  SSL_set_app_data(ssl(), this);
  SSL_set_info_callback(ssl(), EngineCallbacks::OnInfo);
  if (!options_.renegotiation) SSL_set_options(ssl(), SSL_OP_NO_RENEGOTIATION);
  SetVerify(options_.verify);
  if (options_.is_server) {
    SSL_set_accept_state(ssl());
    if (options_.psk) {
      SSL_set_psk_server_callback(ssl(), EngineCallbacks::OnServerPsk);
    }
    return true;
  }
  SSL_set_connect_state(ssl());
  if (options_.psk) {
    SSL_set_psk_client_callback(ssl(), EngineCallbacks::OnClientPsk);
    // OpenSSL makes a TLS 1.3 session of the key, which has no context.
    SSL_set_session_id_context(ssl(),
                               reinterpret_cast<const unsigned char*>(""), 0);
  }
  if (options_.request_ocsp) {
    SSL_set_tlsext_status_type(ssl(), TLSEXT_STATUSTYPE_ocsp);
  }
  if (options_.sends_name &&
      SSL_set_tlsext_host_name(ssl(), options_.name.c_str()) != 1) {
    return false;
  }
  // SSL_set_alpn_protos(3) returns 0 on success.
  if (!options_.alpn.empty() &&
      SSL_set_alpn_protos(ssl(), options_.alpn.data(),
                          static_cast<unsigned int>(options_.alpn.size())) !=
          0) {
    return false;
  }
  return true;
}

void Engine::SetVerify(VerifyMode mode) {
  options_.verify = mode;
  int flags = SSL_VERIFY_NONE;
  if (mode == VerifyMode::kEnforce) {
    flags = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  } else if (mode == VerifyMode::kRecord && options_.is_server) {
    flags = SSL_VERIFY_PEER;
  }
  SSL_set_verify(ssl(), flags, nullptr);
}

// SSL_set_SSL_CTX(3) takes over the certificate, but not what peers are
// verified against.
void Engine::SetContext(SSL_CTX* context) {
  SSL_set_SSL_CTX(ssl(), context);
  SSL_set1_verify_cert_store(ssl(), SSL_CTX_get_cert_store(context));
  SSL_set_client_CA_list(ssl(),
                         SSL_dup_CA_list(SSL_CTX_get_client_CA_list(context)));
  Collect(collect_keylog_, collect_sessions_);
}

// A session of another session id context would fail in mid-handshake
// (SSL_R_ATTEMPT_TO_REUSE_SESSION_IN_DIFFERENT_CONTEXT), and one of another
// host must not stand for this one.
bool Engine::MayOffer(const SSL_SESSION* session,
                      const std::string& session_context) const {
  unsigned int length = 0;
  const unsigned char* made_in = SSL_SESSION_get0_id_context(session, &length);
  // With a pre-shared key the layer has none, as Configure says.
  const size_t wanted = options_.psk ? 0 : session_context.size();
  if (length != wanted ||
      std::memcmp(session_context.data(), made_in, length) != 0) {
    return false;
  }
  const char* host = SSL_SESSION_get0_hostname(session);
  const char* sent = SSL_get_servername(ssl(), TLSEXT_NAMETYPE_host_name);
  return host == nullptr || (sent != nullptr && std::strcmp(host, sent) == 0);
}

void Engine::SetSession(ByteView der, const std::string& session_context) {
  const ErrorQueueGuard guard;
  const unsigned char* cursor = der.data();
  SslSessionPointer session(
      d2i_SSL_SESSION(nullptr, &cursor, static_cast<long>(der.size())));
  if (session != nullptr && MayOffer(session.get(), session_context)) {
    SSL_set_session(ssl(), session.get());
  }
}

void Engine::Trace() {
  SSL_set_msg_callback(ssl(), EngineCallbacks::OnMessage);
}

void Engine::Collect(bool keylog, bool sessions) {
  collect_keylog_ = keylog;
  collect_sessions_ = sessions;
  SSL_CTX* context = SSL_get_SSL_CTX(ssl());
  // Not written again for each engine: errands may be reading it.
  if (keylog && SSL_CTX_get_keylog_callback(context) == nullptr) {
    SSL_CTX_set_keylog_callback(context, EngineCallbacks::OnKeylog);
  }
}

}  // namespace onion::tls

#ifndef ONION_TLS_TLS_ENGINE_H_
#define ONION_TLS_TLS_ENGINE_H_

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/bio.h"
#include "tls/bytes.h"
#include "tls/client_hello.h"
#include "tls/outcome.h"
#include "tls/secure_context.h"
#include "tls/signature_cache.h"

namespace onion::tls {

using SslPointer = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslSessionPointer =
    std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

struct X509StackDeleter {
  void operator()(STACK_OF(X509) * stack) const {
    sk_X509_pop_free(stack, X509_free);
  }
};
using X509StackPointer = std::unique_ptr<STACK_OF(X509), X509StackDeleter>;

// How a layer treats the peer's chain; mirrored by VerifyMode in src/native.ts.
enum class VerifyMode : uint8_t { kNone = 0, kRecord = 1, kEnforce = 2 };

struct PskAnswer {
  std::string identity;
  std::vector<uint8_t> key;
};

// The one question that OpenSSL asks in the middle of a step and that can't
// wait: the key for a pre-shared-key handshake. An identity is null when the
// client is asked without a hint.
using PskSource = std::function<std::optional<PskAnswer>(
    const char* identity, size_t max_key, size_t max_identity)>;

struct EngineOptions {
  bool is_server = false;
  VerifyMode verify = VerifyMode::kEnforce;
  bool pause_on_verify = false;
  // The host or address that a client expects. A certificate that has it is not
  // asked about (finds_name), and the server is told (sends_name).
  std::string name;
  bool finds_name = false;
  bool sends_name = false;
  bool name_is_ip = false;
  bool pause_on_client_hello = false;
  bool offload = false;
  bool renegotiation = false;
  bool request_ocsp = false;
  size_t max_handshake_bytes = 0;
  std::vector<uint8_t> alpn;
  PskSource psk;
};

struct ClientHelloAnswer {
  bool refused = false;
  SslCtxPointer context;
  enum class Protocol { kByList, kChosen, kRefused };
  Protocol protocol_choice = Protocol::kByList;
  std::string protocol;
  SslSessionPointer session;
  std::vector<uint8_t> ocsp_response;
};

struct EngineStats {
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t wire_read = 0;
  uint64_t wire_written = 0;
};

// Sets what OpenSSL calls back on a context. All of it ends in the Engine of
// the SSL object at hand and is stored there.
void InstallEngineCallbacks(SSL_CTX* context);

// A description, also of those that OpenSSL's list lacks.
const char* AlertName(int code);

// One TLS layer: an SSL object over a MemoryPipe.
//
// A step is given a slice of input and uses it up, unless it stops at an event:
// then what is left of the slice is left to the caller. Output goes to the
// engine's own sink, or for Write to the one that is passed.
class Engine {
 public:
  // Null when OpenSSL refuses the options; its error queue says why.
  static std::unique_ptr<Engine> Create(SSL_CTX* context,
                                        const BIO_METHOD* method,
                                        EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // One handshake step: kEstablished, kNone (wants more), kClientHello,
  // kVerify or kFailed.
  Event Handshake(ByteView* input);
  // Decrypts into `out` until the input is dry (kNone), `out` is full (kFull),
  // the peer has closed (kPeerClosed) or the layer fails (kFailed).
  Event Read(ByteView* input, MutableBytes out, Detour* detour,
             size_t* produced);
  // The same for one record at most; kFull: there may be more.
  Event ReadRecord(ByteView* input, MutableBytes out, Detour* detour,
                   size_t* produced);
  // Whether OpenSSL would copy it slowly: then it is better brought elsewhere.
  [[nodiscard]] bool WritesSlowly(ByteView plaintext) const {
    return plaintext.size() >= kSlowFrom && plaintext.size() <= Detour::kSize &&
           pipe_.written_record != nullptr &&
           CopiesSlowly(pipe_.written_record, plaintext.data());
  }
  // Seals all of it into `outlet`, or keeps it while writes wait; false:
  // failed.
  bool Write(ByteView plaintext, Outlet* outlet);
  // Writes close_notify once (SSL_shutdown(3)).
  void CloseNotify();
  bool KeyUpdate(bool request_peer);
  // Whether OpenSSL writes nothing for now, because a message that follows the
  // handshake is here in part (TLS 1.3) or a renegotiation is under way.
  [[nodiscard]] bool writes_wait() const {
    return established_ && (has_waiting() || SSL_in_init(ssl()) == 1);
  }
  // Whether it keeps something that is sent once OpenSSL writes again.
  [[nodiscard]] bool has_waiting() const { return waiting_ != nullptr; }
  // Offers a session to be resumed, unless it can't be read (another version
  // of Node may have made it) or must not be offered. The session id context is
  // that of the layer's SecureContext.
  void SetSession(ByteView der, const std::string& session_context);
  // Outlives the engine.
  void Use(SignatureCache* signatures) { signatures_ = signatures; }
  void SetContext(SSL_CTX* context);
  void SetVerify(VerifyMode mode);
  bool Renegotiate();

  void Answer(ClientHelloAnswer answer);
  void AnswerVerify(bool accept);
  void Collect(bool keylog, bool sessions);
  // Notes every message of the protocol from now on, but no plaintext.
  void Trace();

  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const EngineOptions& options() const { return options_; }
  // All false and empty for a layer that has not failed.
  [[nodiscard]] const Failure& failure() const;
  [[nodiscard]] ByteView received() const {
    return {received_, received_length_};
  }
  // Null unless it has stopped at one.
  [[nodiscard]] const ClientHello* client_hello() const {
    return hello_ == nullptr ? nullptr : &hello_->hello;
  }
  [[nodiscard]] EngineStats stats() const {
    return {.bytes_read = bytes_read_,
            .bytes_written = bytes_written_,
            .wire_read = wire_read_,
            .wire_written = pipe_.written};
  }
  [[nodiscard]] STACK_OF(X509) * verified_chain() const {
    return verified_chain_.get();
  }
  [[nodiscard]] X509* offered_certificate() const {
    return offered_certificate_.get();
  }
  [[nodiscard]] long verify_error() const;
  Sink& output() { return output_; }
  std::vector<Note>& notes() { return notes_; }

 private:
  friend struct EngineCallbacks;

  Engine(SslPointer ssl, EngineOptions options);
  [[nodiscard]] bool Configure(const BIO_METHOD* method);
  [[nodiscard]] bool MayOffer(const SSL_SESSION* session,
                              const std::string& session_context) const;
  void Remember(ByteView input);
  Event ReadAtMostOne(ByteView* input, MutableBytes out, Detour* detour,
                      size_t* produced);
  [[nodiscard]] bool PeerHasClosed(int result) const;
  Event ReadStopped(int result);
  bool SendWaiting();
  Event Fail();
  Failure& ChangeFailure();
  void NoteAlert(int code, bool received);
  void NoteReceivedAlert();
  Event FailAtLimit(const char* which);
  // Runs one OpenSSL call over the input and does the accounting around it.
  template <typename Call>
  int Step(ByteView* input, Call call);

  struct HelloPause {
    ClientHello hello;
    std::optional<ClientHelloAnswer> answer;
  };
  [[nodiscard]] const ClientHelloAnswer* hello_answer() const {
    return hello_ != nullptr && hello_->answer ? &*hello_->answer : nullptr;
  }

  // Sent in this order.
  struct Waiting {
    std::optional<bool> key_update;
    ByteQueue plaintext;
    bool close = false;
  };
  Waiting& ChangeWaiting();

  enum class Verdict : uint8_t { kNone, kAsked, kAccepted, kRefused };

  // There are as many engines as layers, most of them idle: what few of them
  // need is somewhere else.
  SslPointer ssl_;
  EngineOptions options_;
  MemoryPipe pipe_;
  Sink output_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<Failure> failure_;
  std::unique_ptr<HelloPause> hello_;
  SignatureCache* signatures_ = nullptr;
  // Wire bytes since the last plaintext: a handshake, or messages after it.
  size_t unproductive_bytes_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  uint64_t wire_read_ = 0;
  X509Pointer offered_certificate_;
  X509StackPointer verified_chain_;
  std::vector<Note> notes_;
  int chain_error_ = 0;
  uint8_t received_[32] = {};
  uint8_t received_length_ = 0;
  Verdict verdict_ = Verdict::kNone;
  bool established_ = false;
  bool close_notify_sent_ = false;
  bool failed_ = false;
  bool collect_keylog_ = false;
  bool collect_sessions_ = false;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_ENGINE_H_

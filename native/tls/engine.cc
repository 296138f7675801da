// Theory of operation
//
// OpenSSL drives a connection through a BIO. Here the BIO is a MemoryPipe: for
// the length of one call its input is a slice of the caller's, and its output a
// sink. When a call returns, the slice has been used up or the engine stands at
// an event, and nothing of the caller's is referred to any more.
//
// read_ahead stays off. OpenSSL then asks for five bytes of header and for just
// the body they announce, so the bytes behind a close_notify are still in the
// slice when SSL_read(3) reports SSL_ERROR_ZERO_RETURN: they are the trailing
// bytes, which belong to the layer below.
//
// close_notify is sent by one SSL_shutdown(3). A second call would look for the
// peer's and take application data that is still in flight for an error, so the
// reading side goes on with SSL_read until it sees the peer's close_notify.
//
// While a message that follows the handshake is here in part, or during a
// renegotiation, SSL_write(3) only asks for more input (SSL_ERROR_WANT_READ).
// The engine keeps what it is given then and sends it behind the next read that
// completes the message.
//
// OpenSSL's error queue is empty when a pass begins, and asking it before each
// call would cost two per cent of a small record: reading and writing leave
// nothing in it where they succeed, and a failure takes out what it finds.
//
// A failure is kept as a value. The alert that OpenSSL has made of it lies in
// the sink and goes out like all other bytes.

#include "tls/engine.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tls/error_queue.h"

namespace onion::tls {

namespace {

// A record at its largest on the wire: 2^14 of plaintext, 256 of expansion and
// the header (RFC 8446 section 5.2), with some room for TLS 1.2's ciphers.
constexpr size_t kMaxRecord = 16384 + 2048 + 5;

}  // namespace

std::unique_ptr<Engine> Engine::Create(SSL_CTX* context,
                                       const BIO_METHOD* method,
                                       EngineOptions options) {
  SslPointer ssl(SSL_new(context));
  if (ssl == nullptr) return nullptr;
  std::unique_ptr<Engine> engine(
      new Engine(std::move(ssl), std::move(options)));
  if (!engine->Configure(method)) return nullptr;
  return engine;
}

Engine::Engine(SslPointer ssl, EngineOptions options)
    : ssl_(std::move(ssl)), options_(std::move(options)) {
  pipe_.output = &output_;
}

Engine::~Engine() = default;

template <typename Call>
int Engine::Step(ByteView* input, Call call) {
  pipe_.input = *input;
  const int result = call();
  const size_t used = input->size() - pipe_.input.size();
  wire_read_ += used;
  unproductive_bytes_ += used;
  *input = pipe_.input;
  pipe_.input = {};
  return result;
}

void Engine::Remember(ByteView input) {
  const size_t count =
      std::min(input.size(), sizeof(received_) - received_length_);
  if (count == 0) return;
  std::memcpy(received_ + received_length_, input.data(), count);
  received_length_ = static_cast<uint8_t>(received_length_ + count);
}

Event Engine::Handshake(ByteView* input) {
  Remember(*input);
  ErrorQueueGuard guard;
  const int result = Step(input, [this] { return SSL_do_handshake(ssl()); });
  if (result == 1) {
    established_ = true;
    unproductive_bytes_ = 0;
    return Event::kEstablished;
  }
  switch (SSL_get_error(ssl(), result)) {
    case SSL_ERROR_WANT_READ:
      if (unproductive_bytes_ > options_.max_handshake_bytes) {
        return FailAtLimit("handshake bytes");
      }
      return Event::kNone;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return Event::kClientHello;
    case SSL_ERROR_WANT_RETRY_VERIFY:
      return Event::kVerify;
    default:
      ChangeFailure().peer_closed = PeerHasClosed(result);
      return Fail();
  }
}

Event Engine::Read(ByteView* input, MutableBytes out, Detour* detour,
                   size_t* produced) {
  *produced = 0;
  while (*produced < out.size()) {
    size_t count = 0;
    const Event event =
        ReadRecord(input, out.subspan(*produced), detour, &count);
    *produced += count;
    if (event != Event::kFull) return event;
  }
  return Event::kFull;
}

Event Engine::ReadRecord(ByteView* input, MutableBytes out, Detour* detour,
                         size_t* produced) {
  const Event event = ReadAtMostOne(input, out, detour, produced);
  if (has_waiting() && event != Event::kFailed && !SendWaiting()) {
    return Event::kFailed;
  }
  return event;
}

Event Engine::ReadAtMostOne(ByteView* input, MutableBytes out, Detour* detour,
                            size_t* produced) {
  const bool detours = out.size() >= Detour::kSize &&
                       pipe_.read_record != nullptr &&
                       CopiesSlowly(out.data(), pipe_.read_record);
  const MutableBytes room = detours ? detour->AwayFrom(out.data()) : out;
  const int result = Step(input, [&] {
    return SSL_read_ex(ssl(), room.data(), room.size(), produced);
  });
  if (result != 1) {
    *produced = 0;
    return ReadStopped(result);
  }
  if (detours) Copy(out.data(), room.data(), *produced);
  bytes_read_ += *produced;
  unproductive_bytes_ = 0;
  // Without read_ahead OpenSSL has nothing that is not in the slice or, of a
  // record for which there was no room, pending: one more call would only find
  // that out.
  const bool is_dry = *produced < room.size() || SSL_pending(ssl()) == 0;
  return input->empty() && is_dry ? Event::kNone : Event::kFull;
}

// OpenSSL 3.2 and later call a close_notify that comes behind a user_canceled
// (RFC 8446 section 6.1; JSSE sends both) a failed system call, without a word
// in the error queue.
bool Engine::PeerHasClosed(int result) const {
  switch (SSL_get_error(ssl(), result)) {
    case SSL_ERROR_ZERO_RETURN:
      return true;
    case SSL_ERROR_SYSCALL:
      return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
    default:
      return false;
  }
}

// Why a read has given nothing.
Event Engine::ReadStopped(int result) {
  switch (SSL_get_error(ssl(), result)) {
    case SSL_ERROR_WANT_READ:
      if (unproductive_bytes_ > options_.max_handshake_bytes + kMaxRecord) {
        return FailAtLimit("post-handshake bytes");
      }
      return Event::kNone;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return Event::kClientHello;
    case SSL_ERROR_WANT_RETRY_VERIFY:
      return Event::kVerify;
    default:
      return PeerHasClosed(result) ? Event::kPeerClosed : Fail();
  }
}

bool Engine::Write(ByteView plaintext, Outlet* outlet) {
  if (plaintext.empty()) return true;
  const auto keep = [&] {
    ChangeWaiting().plaintext.Append(plaintext);
    return true;
  };
  if (writes_wait()) return keep();
  pipe_.output = outlet;
  size_t written = 0;
  const int result =
      SSL_write_ex(ssl(), plaintext.data(), plaintext.size(), &written);
  pipe_.output = &output_;
  if (result == 1) {
    bytes_written_ += written;
    return true;
  }
  // It has begun a renegotiation that the peer has asked for.
  if (SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ) return keep();
  Fail();
  return false;
}

Engine::Waiting& Engine::ChangeWaiting() {
  if (waiting_ == nullptr) waiting_ = std::make_unique<Waiting>();
  return *waiting_;
}

// Once OpenSSL writes again; false: failed.
bool Engine::SendWaiting() {
  if (SSL_in_init(ssl()) == 1) return true;
  const std::unique_ptr<Waiting> waiting = std::move(waiting_);
  if (waiting->key_update && !KeyUpdate(*waiting->key_update)) {
    Fail();
    return false;
  }
  if (!Write(waiting->plaintext.view(), &output_)) return false;
  if (waiting->close) CloseNotify();
  return true;
}

void Engine::CloseNotify() {
  if (close_notify_sent_ || !established_) return;
  if (writes_wait()) {
    ChangeWaiting().close = true;
    return;
  }
  close_notify_sent_ = true;
  ErrorQueueGuard guard;
  SSL_shutdown(ssl());
}

bool Engine::KeyUpdate(bool request_peer) {
  if (writes_wait()) {
    ChangeWaiting().key_update = request_peer;
    return true;
  }
  ErrorQueueGuard guard;
  // What the peer was asked for is not held against it.
  if (request_peer) unproductive_bytes_ = 0;
  const int type =
      request_peer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
  return SSL_key_update(ssl(), type) == 1 && SSL_do_handshake(ssl()) == 1;
}

bool Engine::Renegotiate() {
  ErrorQueueGuard guard;
  if (SSL_renegotiate(ssl()) != 1) return false;
  const int result = SSL_do_handshake(ssl());
  return result == 1 || SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ;
}

void Engine::Answer(ClientHelloAnswer answer) {
  if (hello_ == nullptr) hello_ = std::make_unique<HelloPause>();
  hello_->answer = std::move(answer);
}

void Engine::AnswerVerify(bool accept) {
  verdict_ = accept ? Verdict::kAccepted : Verdict::kRefused;
}

long Engine::verify_error() const {
  return chain_error_ != X509_V_OK ? chain_error_
                                   : SSL_get_verify_result(ssl());
}

const Failure& Engine::failure() const {
  static const Failure kNone;
  return failure_ == nullptr ? kNone : *failure_;
}

Failure& Engine::ChangeFailure() {
  if (failure_ == nullptr) failure_ = std::make_unique<Failure>();
  return *failure_;
}

void Engine::NoteAlert(int code, bool received) {
  Failure& failure = ChangeFailure();
  failure.has_alert = true;
  failure.alert = {.code = code, .name = AlertName(code), .received = received};
}

// In TLS 1.3 the level of an alert means nothing (RFC 8446 section 6), and one
// that says it is a warning is fatal all the same: OpenSSL's error says so.
void Engine::NoteReceivedAlert() {
  if (failure().entries.empty()) return;
  const ErrorEntry& cause = failure().entries.front();
  const int code = cause.reason_code - SSL_AD_REASON_OFFSET;
  if (cause.library_code != ERR_LIB_SSL || code < 0 || code > 0xff) return;
  NoteAlert(code, true);
}

// A layer fails once: what is tried with it after that says nothing new.
Event Engine::Fail() {
  if (failed_) return Event::kFailed;
  failed_ = true;
  Failure& failure = ChangeFailure();
  failure.entries = TakeErrors();
  if (!failure.has_alert) NoteReceivedAlert();
  failure.handshaking = !established_;
  failure.verify_error = chain_error_;
  return Event::kFailed;
}

Event Engine::FailAtLimit(const char* which) {
  failed_ = true;
  // The peer must not take an answer for the success that it is to OpenSSL.
  output_.queue().Clear();
  Failure& failure = ChangeFailure();
  failure.handshaking = !established_;
  failure.limit = which;
  return Event::kFailed;
}

}  // namespace onion::tls

#include "binding/chain_binding.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>

#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/environment.h"
#include "binding/secure_context_binding.h"

namespace onion::binding {

namespace {

// What an SSL object and its buffers take, told to the garbage collector:
// between 17 and 24 KiB, measured with SSL_MODE_RELEASE_BUFFERS.
constexpr int64_t kEngineBytes = int64_t{20} * 1024;

const char* EventNotesKind(tls::Note::Kind kind) {
  switch (kind) {
    case tls::Note::Kind::kKeylog:
      return "keylog";
    case tls::Note::Kind::kSession:
      return "session";
    case tls::Note::Kind::kHandshakeStart:
      return "handshakeStart";
    case tls::Note::Kind::kHandshakeDone:
      return "handshakeDone";
    case tls::Note::Kind::kMessageSent:
      return "sent";
    case tls::Note::Kind::kMessageReceived:
      return "received";
  }
  return "";
}

}  // namespace

namespace {

tls::MutableBytes From(const Napi::Value& buffer, const Napi::Value& offset) {
  const tls::MutableBytes bytes = ToMutableBytes(buffer);
  return bytes.subspan(std::min<size_t>(ToUint32(offset), bytes.size()));
}

}  // namespace

class ChainBinding::Busy {
 public:
  explicit Busy(ChainBinding* binding) : binding_(binding) {
    binding_->busy_ = true;
  }
  ~Busy() {
    binding_->busy_ = false;
    if (binding_->free_when_idle_) binding_->Free();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  ChainBinding* binding_;
};

void ChainBinding::Define(Napi::Env env, Napi::Object exports) {
  using C = ChainBinding;
  std::vector<PropertyDescriptor> methods = {
      InstanceMethod<&C::Push>("push"),
      InstanceMethod<&C::Start>("start"),
      InstanceMethod<&C::CloseWrite>("closeWrite"),
      InstanceMethod<&C::DropWrite>("dropWrite"),
      InstanceMethod<&C::CloseRead>("closeRead"),
      InstanceMethod<&C::Remove>("remove"),
      InstanceMethod<&C::Hold>("feed"),
      InstanceMethod<&C::TakeWire>("takeWire"),
      InstanceMethod<&C::TakeNotes>("takeNotes"),
      InstanceMethod<&C::TakeHeld>("takeHeld"),
      InstanceMethod<&C::HasPlaintext>("hasPlaintext"),
      InstanceMethod<&C::Collect>("collect"),
      InstanceMethod<&C::Failure>("failure"),
      InstanceMethod<&C::GetClientHello>("clientHello"),
      InstanceMethod<&C::AnswerClientHello>("answerClientHello"),
      InstanceMethod<&C::AnswerVerify>("answerVerify"),
      InstanceMethod<&C::Offload>("offload"),
      InstanceMethod<&C::KeyUpdate>("keyUpdate"),
      InstanceMethod<&C::Renegotiate>("renegotiate"),
      InstanceMethod<&C::Destroy>("destroy"),
  };
  for (PropertyDescriptor& method : InfoMethods()) methods.push_back(method);
  exports.Set("Chain", DefineClass(env, "Chain", methods));
  exports.Set("receive", Napi::Function::New<Receive>(env, "receive"));
  exports.Set("send", Napi::Function::New<Send>(env, "send"));
}

ChainBinding::ChainBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ChainBinding>(info),
      environment_(Environment::Of(info.Env())),
      number_(environment_.Add(this)),
      chain_(std::make_unique<tls::Chain>(&environment_.workspace())) {
  environment_.status()[13] = number_;
}

ChainBinding::~ChainBinding() {
  Free();
  environment_.Remove(number_);
}

void ChainBinding::Free() {
  if (busy_) {
    free_when_idle_ = true;
    return;
  }
  if (away_ != nullptr) away_->Abandon();
  chain_.reset();
  environment_.live_engines -= counted_engines_;
  Napi::MemoryManagement::AdjustExternalMemory(
      Env(), -static_cast<int64_t>(counted_engines_) * kEngineBytes);
  counted_engines_ = 0;
}

Napi::Value ChainBinding::Destroy(const Napi::CallbackInfo& info) {
  Free();
  return info.Env().Undefined();
}

bool ChainBinding::FindLevel(const Napi::CallbackInfo& info, size_t* level) {
  const double number = ToDouble(info[0], -1);
  if (chain_ == nullptr || number < 0 ||
      number >= static_cast<double>(chain_->size())) {
    Napi::RangeError::New(info.Env(), "There is no such layer")
        .ThrowAsJavaScriptException();
    return false;
  }
  *level = static_cast<size_t>(number);
  return true;
}

bool ChainBinding::LevelArgument(const Napi::CallbackInfo& info,
                                 size_t* level) {
  if (!busy_) return FindLevel(info, level);
  Napi::Error::New(info.Env(), "The layers are in the middle of a step")
      .ThrowAsJavaScriptException();
  return false;
}

tls::Engine* ChainBinding::EngineArgument(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (!LevelArgument(info, &level)) return nullptr;
  tls::Engine* engine = chain_->engine(level);
  if (engine == nullptr) {
    Napi::Error::New(info.Env(), "The layer is busy on the thread pool")
        .ThrowAsJavaScriptException();
  }
  return engine;
}

tls::Engine* ChainBinding::EngineAsked(const Napi::CallbackInfo& info) {
  size_t level = 0;
  return FindLevel(info, &level) ? chain_->engine(level) : nullptr;
}

Napi::Value ChainBinding::Report(Napi::Env env, const tls::Outcome& outcome) {
  size_t notes = 0;
  for (size_t level = 0; level < chain_->size(); level++) {
    tls::Engine* engine = chain_->engine(level);
    if (engine != nullptr) notes += engine->notes().size();
  }
  uint32_t* status = environment_.status();
  status[0] = static_cast<uint32_t>(outcome.event);
  status[1] = static_cast<uint32_t>(outcome.layer);
  status[2] = static_cast<uint32_t>(outcome.plaintext);
  status[3] = static_cast<uint32_t>(outcome.wire);
  status[4] = static_cast<uint32_t>(chain_->wire().size());
  status[5] = static_cast<uint32_t>(notes);
  status[6] = static_cast<uint32_t>(chain_->held());
  status[7] = static_cast<uint32_t>(outcome.used);
  status[8] = chain_->writes_wait() ? 1 : 0;
  return Napi::Number::New(env, status[0]);
}

ChainBinding* ChainBinding::Named(const Napi::CallbackInfo& info) {
  ChainBinding* found = Environment::Of(info.Env()).chain(ToUint32(info[0]));
  const bool is_there = found != nullptr && found->chain_ != nullptr;
  return is_there && !found->busy_ ? found : nullptr;
}

// After destroy() a call has nothing to do and nothing to say.
Napi::Value ChainBinding::Gone(Napi::Env env) {
  std::fill_n(Environment::Of(env).status(), kStatusFields, 0);
  return Napi::Number::New(env, 0);
}

Napi::Value ChainBinding::Push(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (chain_ == nullptr || busy_) return env.Undefined();
  tls::SecureContext* context = SecureContextBinding::ContextOf(info[0]);
  if (context == nullptr) {
    Napi::TypeError::New(env, "A secure context is wanted")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const tls::ErrorQueueGuard guard;
  std::unique_ptr<tls::Engine> engine = tls::Engine::Create(
      context->get(), environment_.bio_method(), ToEngineOptions(info));
  if (engine == nullptr) {
    ThrowOpenSslError(env, "The layer could not be set up", tls::TakeErrors());
    return env.Undefined();
  }
  const tls::ByteView session = ToSession(info);
  if (!session.empty()) {
    engine->SetSession(session, context->session_context());
  }
  chain_->Push(std::move(engine));
  counted_engines_++;
  environment_.live_engines++;
  Napi::MemoryManagement::AdjustExternalMemory(env, kEngineBytes);
  return env.Undefined();
}

Napi::Value ChainBinding::Start(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (!LevelArgument(info, &level)) return info.Env().Undefined();
  const Busy busy(this);
  return Report(info.Env(), chain_->Start(level));
}

Napi::Value ChainBinding::Receive(const Napi::CallbackInfo& info) {
  ChainBinding* self = Named(info);
  if (self == nullptr) return Gone(info.Env());
  const Busy busy(self);
  const tls::ByteView wire = ToView(info[1]);
  const size_t end = std::min<size_t>(ToUint32(info[3]), wire.size());
  const size_t start = std::min<size_t>(ToUint32(info[2]), end);
  const tls::Outcome outcome = self->chain_->Receive(
      wire.subspan(start, end - start), From(info[4], info[5]));
  return self->Report(info.Env(), outcome);
}

Napi::Value ChainBinding::Send(const Napi::CallbackInfo& info) {
  ChainBinding* self = Named(info);
  if (self == nullptr) return Gone(info.Env());
  const tls::MutableBytes wire = From(info[2], info[3]);
  const size_t largest = ToUint32(info[4]);
  const auto seal = [&](std::span<const tls::ByteView> chunks) {
    return self->Report(info.Env(), self->chain_->Send(chunks, wire, largest));
  };
  if (!info[1].IsArray()) return seal(std::array{ToView(info[1])});
  const auto chunks = info[1].As<Napi::Array>();
  const uint32_t count = chunks.Length();
  std::vector<tls::ByteView> views;
  views.reserve(count);
  for (uint32_t i = 0; i < count; i++) views.push_back(ToView(chunks.Get(i)));
  return seal(views);
}

Napi::Value ChainBinding::CloseWrite(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (!LevelArgument(info, &level)) return info.Env().Undefined();
  return Report(info.Env(), chain_->CloseWrite(level));
}

Napi::Value ChainBinding::DropWrite(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (LevelArgument(info, &level)) chain_->DropWrite(level);
  return info.Env().Undefined();
}

Napi::Value ChainBinding::CloseRead(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (LevelArgument(info, &level)) chain_->CloseRead(level);
  return info.Env().Undefined();
}

Napi::Value ChainBinding::Remove(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (!LevelArgument(info, &level)) return info.Env().Undefined();
  chain_->Remove(level);
  counted_engines_--;
  environment_.live_engines--;
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -kEngineBytes);
  return info.Env().Undefined();
}

Napi::Value ChainBinding::Hold(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (LevelArgument(info, &level)) chain_->Hold(level, ToView(info[1]));
  return info.Env().Undefined();
}

Napi::Value ChainBinding::TakeWire(const Napi::CallbackInfo& info) {
  if (chain_ == nullptr) return Napi::Number::New(info.Env(), 0);
  const tls::MutableBytes into = ToMutableBytes(info[0]);
  const size_t count = std::min(into.size(), chain_->wire().size());
  tls::Copy(into.data(), chain_->wire().view().data(), count);
  chain_->wire().Consume(count);
  if (chain_->wire().empty()) chain_->wire().Clear();
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value ChainBinding::TakeNotes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto list = Napi::Array::New(env);
  for (size_t level = 0; chain_ != nullptr && level < chain_->size(); level++) {
    tls::Engine* engine = chain_->engine(level);
    if (engine == nullptr) continue;
    for (const tls::Note& note : engine->notes()) {
      auto entry = Napi::Object::New(env);
      entry.Set("kind", EventNotesKind(note.kind));
      entry.Set("layer", static_cast<uint32_t>(level));
      entry.Set("data", ToBuffer(env, note.data));
      entry.Set("id", ToBuffer(env, note.id));
      list.Set(list.Length(), entry);
    }
    engine->notes().clear();
  }
  return list;
}

Napi::Value ChainBinding::TakeHeld(const Napi::CallbackInfo& info) {
  if (chain_ == nullptr) return info.Env().Null();
  const auto level = static_cast<size_t>(ToUint32(info[0]));
  const tls::ByteQueue held = chain_->TakeHeld(level);
  if (held.empty()) return info.Env().Null();
  return ToBuffer(info.Env(), held.view());
}

Napi::Value ChainBinding::HasPlaintext(const Napi::CallbackInfo& info) {
  const bool has = chain_ != nullptr && chain_->has_plaintext();
  return Napi::Boolean::New(info.Env(), has);
}

Napi::Value ChainBinding::Collect(const Napi::CallbackInfo& info) {
  const auto what = info[0].As<Napi::Object>();
  const bool keylog = ToBool(what.Get("keylog"));
  const bool sessions = ToBool(what.Get("sessions"));
  for (size_t level = 0; chain_ != nullptr && level < chain_->size(); level++) {
    tls::Engine* engine = chain_->engine(level);
    if (engine != nullptr) engine->Collect(keylog, sessions);
  }
  return info.Env().Undefined();
}

}  // namespace onion::binding

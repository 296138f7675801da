#include "binding/secure_context_binding.h"

#include <openssl/x509.h>

#include <algorithm>
#include <vector>

#include "binding/context_options.h"
#include "binding/convert.h"
#include "binding/environment.h"

namespace onion::binding {

namespace {

constexpr napi_type_tag kTypeTag = {0x6a1f0d8b52c94e37, 0xb3d54c7a90e1f826};

// About what an SSL_CTX with one identity takes, so that V8 knows what is
// behind the small object it sees.
constexpr int64_t kExternalBytes = int64_t{16} * 1024;

Napi::Value ToDer(Napi::Env env, X509* certificate) {
  if (certificate == nullptr) return env.Null();
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length < 0) return env.Null();
  const Napi::Value buffer = ToBuffer(env, {der, static_cast<size_t>(length)});
  OPENSSL_free(der);
  return buffer;
}

void SetDefaultCACertificates(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) {
    return ThrowTypeError(env, "The certificates must be an array");
  }
  const auto array = info[0].As<Napi::Array>();
  std::vector<tls::ByteView> certificates;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value bytes = array.Get(i);
    if (!IsBytes(bytes)) {
      return ThrowTypeError(env, "A certificate must be a Uint8Array");
    }
    certificates.push_back(ToView(bytes));
  }
  const tls::ErrorQueueGuard guard;
  if (!Environment::Of(env).default_trust.Load(certificates)) {
    ThrowOpenSslError(env, "Failed to read a certificate authority",
                      tls::TakeErrors());
  }
}

Napi::Value HasDefaultCACertificates(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Napi::Boolean::New(env, Environment::Of(env).default_trust.loaded());
}

}  // namespace

void SecureContextBinding::Define(Napi::Env env, Napi::Object exports) {
  using Self = SecureContextBinding;
  exports.Set(
      "SecureContext",
      DefineClass(env, "SecureContext",
                  {InstanceMethod<&Self::GetTicketKeys>("getTicketKeys"),
                   InstanceMethod<&Self::SetTicketKeys>("setTicketKeys"),
                   InstanceMethod<&Self::AddCACert>("addCACert"),
                   InstanceMethod<&Self::GetCertificate>("getCertificate"),
                   InstanceMethod<&Self::GetIssuer>("getIssuer")}));
  exports.Set("setDefaultCACertificates",
              Napi::Function::New<SetDefaultCACertificates>(
                  env, "setDefaultCACertificates"));
  exports.Set("hasDefaultCACertificates",
              Napi::Function::New<HasDefaultCACertificates>(
                  env, "hasDefaultCACertificates"));
}

tls::SecureContext* SecureContextBinding::ContextOf(const Napi::Value& value) {
  if (value.IsEmpty() || !value.IsObject()) return nullptr;
  const auto object = value.As<Napi::Object>();
  if (!object.CheckTypeTag(&kTypeTag)) return nullptr;
  const SecureContextBinding* binding = Unwrap(object);
  return binding == nullptr ? nullptr : binding->context_.get();
}

SecureContextBinding::SecureContextBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SecureContextBinding>(info) {
  const Napi::Env env = info.Env();
  const std::optional<tls::SecureContextOptions> options =
      ReadContextOptions(info[0]);
  if (!options.has_value()) return;
  Environment& environment = Environment::Of(env);
  tls::ContextError error;
  context_ =
      tls::SecureContext::Create(*options, environment.default_trust, error);
  if (context_ == nullptr) {
    ThrowOpenSslError(env, error.message.c_str(), error.entries);
    return;
  }
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
  ++environment.live_contexts;
  Napi::MemoryManagement::AdjustExternalMemory(env, kExternalBytes);
}

void SecureContextBinding::Finalize(Napi::BasicEnv env) {
  if (context_ == nullptr) return;
  context_.reset();
  --Environment::Of(Napi::Env(env)).live_contexts;
  Napi::MemoryManagement::AdjustExternalMemory(env, -kExternalBytes);
}

bool SecureContextBinding::IsUsable(Napi::Env env) const {
  if (context_ != nullptr) return true;
  ThrowTypeError(env, "Illegal invocation");
  return false;
}

Napi::Value SecureContextBinding::GetTicketKeys(
    const Napi::CallbackInfo& info) {
  if (!IsUsable(info.Env())) return {};
  return ToBuffer(info.Env(), context_->ticket_keys());
}

void SecureContextBinding::SetTicketKeys(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsUsable(env)) return;
  const tls::ByteView bytes = ToView(info[0]);
  tls::TicketKeys keys{};
  if (bytes.size() != keys.size()) {
    return ThrowTypeError(env, "The ticket keys must be 48 bytes");
  }
  std::copy(bytes.begin(), bytes.end(), keys.begin());
  tls::ContextError error;
  if (!context_->SetTicketKeys(keys, error)) {
    ThrowOpenSslError(env, error.message.c_str(), error.entries);
  }
}

void SecureContextBinding::AddCACert(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsUsable(env)) return;
  if (!IsBytes(info[0])) {
    return ThrowTypeError(env, "A certificate must be a Uint8Array");
  }
  Environment& environment = Environment::Of(env);
  const tls::RwLock::Hold hold = environment.workspace().contexts().Write();
  tls::ContextError error;
  if (!context_->AddAuthorities(ToView(info[0]), environment.default_trust,
                                error)) {
    ThrowOpenSslError(env, error.message.c_str(), error.entries);
  }
}

Napi::Value SecureContextBinding::GetCertificate(
    const Napi::CallbackInfo& info) {
  if (!IsUsable(info.Env())) return {};
  return ToDer(info.Env(), context_->certificate());
}

Napi::Value SecureContextBinding::GetIssuer(const Napi::CallbackInfo& info) {
  if (!IsUsable(info.Env())) return {};
  return ToDer(info.Env(), context_->issuer().get());
}

}  // namespace onion::binding

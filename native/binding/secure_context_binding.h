#ifndef ONION_TLS_BINDING_SECURE_CONTEXT_BINDING_H_
#define ONION_TLS_BINDING_SECURE_CONTEXT_BINDING_H_

#include <napi.h>

#include <memory>

#include "tls/secure_context.h"

namespace onion::binding {

// The JavaScript face of a tls::SecureContext: `NativeSecureContext` in
// src/native.ts.
class SecureContextBinding : public Napi::ObjectWrap<SecureContextBinding> {
 public:
  // Exports the class and the functions of the default CA set.
  static void Define(Napi::Env env, Napi::Object exports);

  // Null for anything that is not a context of this addon.
  [[nodiscard]] static tls::SecureContext* ContextOf(const Napi::Value& value);

  explicit SecureContextBinding(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value GetTicketKeys(const Napi::CallbackInfo& info);
  void SetTicketKeys(const Napi::CallbackInfo& info);
  void AddCACert(const Napi::CallbackInfo& info);
  Napi::Value GetCertificate(const Napi::CallbackInfo& info);
  Napi::Value GetIssuer(const Napi::CallbackInfo& info);

  // False when the constructor threw; a method must then not go on.
  [[nodiscard]] bool IsUsable(Napi::Env env) const;

  std::unique_ptr<tls::SecureContext> context_;
};

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_SECURE_CONTEXT_BINDING_H_

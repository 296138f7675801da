#ifndef ONION_TLS_BINDING_ENGINE_OPTIONS_H_
#define ONION_TLS_BINDING_ENGINE_OPTIONS_H_

#include <napi.h>

#include <string>

#include "tls/engine.h"

// The structures of an engine, to and from their JavaScript form.
namespace onion::binding {

// From the arguments of `push`, but for the first. The session id context is
// that of the layer's context.
tls::EngineOptions ToEngineOptions(const Napi::CallbackInfo& info,
                                   const std::string& session_context);
tls::ClientHelloAnswer ToClientHelloAnswer(const Napi::Object& answer);
Napi::Value ToClientHello(Napi::Env env, const tls::ClientHello& hello);
Napi::Value ToFailure(Napi::Env env, const tls::Engine& engine);
Napi::Value ToVerifyResult(Napi::Env env, long error);

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_ENGINE_OPTIONS_H_

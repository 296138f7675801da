#ifndef ONION_TLS_BINDING_CONTEXT_OPTIONS_H_
#define ONION_TLS_BINDING_CONTEXT_OPTIONS_H_

#include <napi.h>

#include <optional>

#include "tls/secure_context.h"

namespace onion::binding {

[[nodiscard]] inline bool IsBytes(const Napi::Value& value) {
  return value.IsTypedArray() &&
         value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

inline void ThrowTypeError(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

// Reads NativeContextOptions of src/native.ts. Nothing: a property has the
// wrong type, and a TypeError that names it has been thrown. The result looks
// into the memory of the JavaScript values.
[[nodiscard]] std::optional<tls::SecureContextOptions> ReadContextOptions(
    const Napi::Value& value);

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_CONTEXT_OPTIONS_H_

#ifndef ONION_TLS_BINDING_CONVERT_H_
#define ONION_TLS_BINDING_CONVERT_H_

#include <napi.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tls/bytes.h"
#include "tls/error_queue.h"

// Values across the border, in both directions.
namespace onion::binding {

// What a value of that type holds, or `otherwise`. A thread that is being
// terminated can't run JavaScript any more: each access to a property gives an
// empty value then, on which conversions by JavaScript's rules end the process.
bool ToBool(const Napi::Value& value);
double ToDouble(const Napi::Value& value, double otherwise);
uint32_t ToUint32(const Napi::Value& value);
std::string ToText(const Napi::Value& value);

// The bytes of a Uint8Array; empty for anything else. Valid until JavaScript
// runs again.
tls::ByteView ToView(const Napi::Value& value);
tls::MutableBytes ToMutableBytes(const Napi::Value& value);
// The numbers of a Float64Array; as ToView.
std::span<double> ToDoubles(const Napi::Value& value);
std::vector<uint8_t> ToVector(const Napi::Value& value);

Napi::Value ToBuffer(Napi::Env env, tls::ByteView bytes);
Napi::Value ToBuffer(Napi::Env env, const std::string& bytes);
// Null where there is nothing.
Napi::Value ToBufferOrNull(Napi::Env env,
                           const std::optional<std::string>& bytes);
Napi::Value ToStringOrNull(Napi::Env env,
                           const std::optional<std::string>& text);
Napi::Array ToBufferArray(Napi::Env env, const std::vector<std::string>& list);
Napi::Array ToStringArray(Napi::Env env, const std::vector<std::string>& list);
Napi::Array ToErrorEntries(Napi::Env env,
                           const std::vector<tls::ErrorEntry>& entries);

// Throws an Error with `entries`, which TypeScript turns into a TLSError.
void ThrowOpenSslError(Napi::Env env, const char* message,
                       const std::vector<tls::ErrorEntry>& entries);

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_CONVERT_H_

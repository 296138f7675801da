#include "binding/convert.h"

namespace onion::binding {

bool ToBool(const Napi::Value& value) {
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

// One call of Node-API each, which says by itself whether it is a number: this
// is done several times a pass.
double ToDouble(const Napi::Value& value, double otherwise) {
  double number = 0;
  const napi_status status = napi_get_value_double(value.Env(), value, &number);
  return status == napi_ok ? number : otherwise;
}

uint32_t ToUint32(const Napi::Value& value) {
  uint32_t number = 0;
  const napi_status status = napi_get_value_uint32(value.Env(), value, &number);
  return status == napi_ok ? number : 0;
}

std::string ToText(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
}

namespace {

// The same of an array.
template <typename T>
std::span<T> ToElements(const Napi::Value& value,
                        napi_typedarray_type expected) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(
      value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != expected) return {};
  return {static_cast<T*>(data), length};
}

}  // namespace

tls::MutableBytes ToMutableBytes(const Napi::Value& value) {
  return ToElements<uint8_t>(value, napi_uint8_array);
}

std::span<double> ToDoubles(const Napi::Value& value) {
  return ToElements<double>(value, napi_float64_array);
}

tls::ByteView ToView(const Napi::Value& value) { return ToMutableBytes(value); }

std::vector<uint8_t> ToVector(const Napi::Value& value) {
  const tls::ByteView view = ToView(value);
  return {view.begin(), view.end()};
}

Napi::Value ToBuffer(Napi::Env env, tls::ByteView bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value ToBuffer(Napi::Env env, const std::string& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value ToBufferOrNull(Napi::Env env,
                           const std::optional<std::string>& bytes) {
  return bytes ? ToBuffer(env, *bytes) : env.Null();
}

Napi::Value ToStringOrNull(Napi::Env env,
                           const std::optional<std::string>& text) {
  if (!text) return env.Null();
  return Napi::String::New(env, *text);
}

Napi::Array ToBufferArray(Napi::Env env, const std::vector<std::string>& list) {
  auto array = Napi::Array::New(env, list.size());
  for (size_t i = 0; i < list.size(); i++) {
    array.Set(static_cast<uint32_t>(i), ToBuffer(env, list[i]));
  }
  return array;
}

Napi::Array ToStringArray(Napi::Env env, const std::vector<std::string>& list) {
  auto array = Napi::Array::New(env, list.size());
  for (size_t i = 0; i < list.size(); i++) {
    array.Set(static_cast<uint32_t>(i), Napi::String::New(env, list[i]));
  }
  return array;
}

Napi::Array ToErrorEntries(Napi::Env env,
                           const std::vector<tls::ErrorEntry>& entries) {
  auto array = Napi::Array::New(env, entries.size());
  for (size_t i = 0; i < entries.size(); i++) {
    auto entry = Napi::Object::New(env);
    entry.Set("library", entries[i].library);
    entry.Set("function", entries[i].function);
    entry.Set("reason", entries[i].reason);
    entry.Set("reasonCode", entries[i].reason_code);
    entry.Set("text", entries[i].text);
    array.Set(static_cast<uint32_t>(i), entry);
  }
  return array;
}

void ThrowOpenSslError(Napi::Env env, const char* message,
                       const std::vector<tls::ErrorEntry>& entries) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("entries", ToErrorEntries(env, entries));
  error.ThrowAsJavaScriptException();
}

}  // namespace onion::binding

#include "binding/context_options.h"

#include <algorithm>
#include <string>
#include <vector>

#include "binding/convert.h"

namespace onion::binding {

namespace {

// Reads one property after the other and remembers the first bad one.
// Properties that are absent leave what they were to be read into alone.
class Reader {
 public:
  explicit Reader(const Napi::Object& object) : object_(object) {}

  [[nodiscard]] const char* bad() const { return bad_; }

  void Read(const char* name, std::string& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsString()) return Refuse(name);
    target = value.As<Napi::String>().Utf8Value();
  }

  void Read(const char* name, bool& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsBoolean()) return Refuse(name);
    target = value.As<Napi::Boolean>().Value();
  }

  void Read(const char* name, int32_t& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsNumber()) return Refuse(name);
    target = value.As<Napi::Number>().Int32Value();
  }

  void Read(const char* name, uint64_t& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsNumber()) return Refuse(name);
    target = static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
  }

  void Read(const char* name, tls::ByteView& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!IsBytes(value)) return Refuse(name);
    target = ToView(value);
  }

  void Read(const char* name, tls::TicketKeys& target) {
    tls::ByteView bytes;
    Read(name, bytes);
    if (bytes.size() != target.size()) return Refuse(name);
    std::copy(bytes.begin(), bytes.end(), target.begin());
  }

  void Read(const char* name, tls::Secret& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsObject()) return Refuse(name);
    Reader inner(value.As<Napi::Object>());
    inner.Read("data", target.data);
    inner.Read("passphrase", target.passphrase);
    if (inner.bad() != nullptr) Refuse(name);
  }

  template <typename T>
  void Read(const char* name, std::vector<T>& target) {
    const Napi::Value value = Find(name);
    if (value.IsEmpty()) return;
    if (!value.IsArray()) return Refuse(name);
    const auto array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) {
      Napi::Object holder = Napi::Object::New(array.Env());
      holder.Set(name, array.Get(i));
      Reader element(holder);
      T item;
      element.Read(name, item);
      if (element.bad() != nullptr) return Refuse(name);
      target.push_back(std::move(item));
    }
  }

  template <typename T>
  void Read(const char* name, std::optional<T>& target) {
    if (Find(name).IsEmpty()) return;
    T value{};
    Read(name, value);
    if (bad_ == nullptr) target = std::move(value);
  }

 private:
  // Empty when the property is absent.
  [[nodiscard]] Napi::Value Find(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (value.IsEmpty() || value.IsUndefined() || value.IsNull()) return {};
    return value;
  }

  void Refuse(const char* name) {
    if (bad_ == nullptr) bad_ = name;
  }

  Napi::Object object_;
  const char* bad_ = nullptr;
};

// PEM, or the string 'auto'.
void ReadDhParameters(const Napi::Object& object, Reader& reader,
                      tls::SecureContextOptions& options) {
  options.dh_auto = object.Get("dhparam").IsString();
  if (!options.dh_auto) reader.Read("dhparam", options.dh_parameters);
}

}  // namespace

std::optional<tls::SecureContextOptions> ReadContextOptions(
    const Napi::Value& value) {
  if (!value.IsObject()) {
    ThrowTypeError(value.Env(), "The options must be an object");
    return std::nullopt;
  }
  const auto object = value.As<Napi::Object>();
  Reader reader(object);
  tls::SecureContextOptions options;
  reader.Read("cert", options.certificates);
  reader.Read("key", options.keys);
  reader.Read("pfx", options.pfx);
  reader.Read("ca", options.authorities);
  reader.Read("crl", options.revocation_lists);
  reader.Read("cipherList", options.cipher_list);
  reader.Read("cipherSuites", options.cipher_suites);
  reader.Read("ecdhCurve", options.groups);
  reader.Read("sigalgs", options.signature_algorithms);
  ReadDhParameters(object, reader, options);
  reader.Read("minVersion", options.min_version);
  reader.Read("maxVersion", options.max_version);
  reader.Read("secureOptions", options.options);
  reader.Read("sessionIdContext", options.session_id_context);
  reader.Read("sessionTimeout", options.session_timeout);
  reader.Read("ticketKeys", options.ticket_keys);
  reader.Read("allowPartialTrustChain", options.allow_partial_trust_chain);
  reader.Read("pskIdentityHint", options.psk_identity_hint);
  if (reader.bad() != nullptr) {
    const std::string message =
        std::string("Wrong type of the option ") + reader.bad();
    ThrowTypeError(value.Env(), message.c_str());
    return std::nullopt;
  }
  return options;
}

}  // namespace onion::binding

#ifndef ONION_TLS_BINDING_TRANSMIT_H_
#define ONION_TLS_BINDING_TRANSMIT_H_

#include <napi.h>

namespace onion::binding {

// transmit(descriptor, bytes, length): has the kernel take the first bytes for
// a connected socket, as many as it has room for, and returns how many. None
// also where it refuses: an ordinary write finds out why.
Napi::Value Transmit(const Napi::CallbackInfo& info);

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_TRANSMIT_H_

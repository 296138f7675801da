#include "tls/bio.h"

#include <algorithm>

#include "tls/copy.h"

namespace onion::tls {

namespace {

MemoryPipe* PipeOf(BIO* bio) {
  return static_cast<MemoryPipe*>(BIO_get_data(bio));
}

int Create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int Read(BIO* bio, char* data, size_t length, size_t* count) {
  MemoryPipe* pipe = PipeOf(bio);
  BIO_clear_retry_flags(bio);
  *count = std::min(length, pipe->input.size());
  if (*count == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  auto* record = reinterpret_cast<uint8_t*>(data);
  Copy(record, pipe->input.data(), *count);
  if (length >= kSlowFrom) pipe->read_record = record;
  pipe->input = pipe->input.subspan(*count);
  return 1;
}

int Write(BIO* bio, const char* data, size_t length, size_t* count) {
  BIO_clear_retry_flags(bio);
  MemoryPipe* pipe = PipeOf(bio);
  const auto* record = reinterpret_cast<const uint8_t*>(data);
  pipe->output->Append({record, length});
  if (length >= kSlowFrom) pipe->written_record = record;
  pipe->written += length;
  *count = length;
  return 1;
}

long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

BioMethodPointer NewMemoryPipeMethod() {
  // The type only names the kind of BIO; BIO_get_new_index(3) would use up one
  // of its 128 numbers per worker thread.
  BioMethodPointer method(
      BIO_meth_new(BIO_TYPE_SOURCE_SINK, "onion-tls memory pipe"));
  if (method == nullptr) return nullptr;
  BIO_meth_set_create(method.get(), Create);
  BIO_meth_set_read_ex(method.get(), Read);
  BIO_meth_set_write_ex(method.get(), Write);
  BIO_meth_set_ctrl(method.get(), Control);
  return method;
}

}  // namespace onion::tls

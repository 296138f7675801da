// Outbound, plaintext is cut so that the record of the innermost layer, grown
// by the overhead of each layer below, still fits one record of the outermost.
// Small chunks are gathered first: a record costs as much as a kilobyte.
//
// Engines also send of their own accord: handshake messages, alerts, answers to
// KeyUpdate. That output waits in each engine's sink; Drain seals it from the
// innermost layer down, so an alert of layer 3 leaves under layers 2 and 1.

#include <algorithm>

#include "tls/chain.h"
#include "tls/copy.h"

namespace onion::tls {

namespace {

// What one layer adds to a record at most: 22 bytes in TLS 1.3 and 29 with
// AES-GCM in TLS 1.2; padding and MAC of CBC suites go beyond it, and then
// cost a second record below, nothing worse.
constexpr size_t kOverhead = 32;
constexpr size_t kMaxWriters = 64;

}  // namespace

Outcome Chain::Send(std::span<const ByteView> chunks, MutableBytes wire,
                    size_t largest) {
  Begin();
  wire_.Attach(wire);
  std::array<size_t, kMaxWriters> all{};
  const std::span<const size_t> writers(all.data(), CollectWriters(all));
  const size_t below = writers.empty() ? 0 : writers.size() - 1;
  const size_t full =
      Workspace::kRecord - std::min(below * kOverhead, Workspace::kRecord / 2);
  const size_t piece = std::clamp<size_t>(largest, 1, full);
  ByteQueue& gathered = workspace_->gathered();
  gathered.Consume(gathered.size());
  bool going = true;
  for (ByteView chunk : chunks) {
    while (going && !chunk.empty()) {
      if (gathered.empty() && chunk.size() >= piece) {
        going = SealPiece(chunk.first(piece), writers);
        chunk = chunk.subspan(piece);
        continue;
      }
      const size_t take = std::min(chunk.size(), piece - gathered.size());
      gathered.Append(chunk.first(take));
      chunk = chunk.subspan(take);
      if (gathered.size() < piece) continue;
      going = SealPiece(gathered.view(), writers);
      gathered.Consume(gathered.size());
    }
  }
  if (going && !gathered.empty()) SealPiece(gathered.view(), writers);
  gathered.Consume(gathered.size());
  outcome_.wire = wire_.used();
  wire_.Detach();
  return Finish();
}

// `writers` are in order, the outermost first.
bool Chain::SealPiece(ByteView piece, std::span<const size_t> writers) {
  if (writers.empty()) wire_.Append(piece);
  ByteView bytes = piece;
  for (size_t i = writers.size(); i-- > 0;) {
    Layer& layer = layers_[writers[i]];
    Sink& sink = i == 0 ? wire_ : workspace_->sealed()[i % 2];
    if (i > 0) sink.queue().Consume(sink.queue().size());
    if (layer.engine->WritesSlowly(bytes)) {
      const MutableBytes away = workspace_->detour().AwayFrom(bytes.data());
      Copy(away.data(), bytes.data(), bytes.size());
      bytes = ByteView(away).first(bytes.size());
    }
    if (!layer.engine->Write(bytes, &sink)) {
      layer.failed = true;
      return Stop(Event::kFailed, writers[i]);
    }
    if (i > 0) bytes = sink.queue().view();
  }
  return true;
}

size_t Chain::CollectWriters(std::span<size_t> writers) const {
  size_t count = 0;
  for (size_t level = 0; level < layers_.size(); level++) {
    const Layer& layer = layers_[level];
    if (layer.write_open && layer.engine != nullptr && count < writers.size()) {
      writers[count++] = level;
    }
  }
  return count;
}

Outcome Chain::CloseWrite(size_t level) {
  Begin();
  Layer& layer = layers_[level];
  if (layer.engine != nullptr && !layer.failed) layer.engine->CloseNotify();
  // Its own close_notify still goes through the layers below, not through it.
  layer.write_open = false;
  return Finish();
}

void Chain::DropWrite(size_t level) { layers_[level].write_open = false; }

// Seals what the engines themselves have to say, from the innermost down.
void Chain::Drain() {
  for (size_t level = layers_.size(); level-- > 0;) {
    if (layers_[level].engine == nullptr) continue;
    ByteQueue& queue = layers_[level].engine->output().queue();
    if (queue.empty()) continue;
    size_t below = level;
    Engine* writer = WriterBelow(level, &below);
    if (writer == nullptr) {
      wire_.Append(queue.view());
    } else if (!writer->Write(queue.view(), &writer->output())) {
      layers_[below].failed = true;
      Stop(Event::kFailed, below);
    }
    queue.Clear();
  }
}

Engine* Chain::WriterBelow(size_t level, size_t* found) const {
  while (level-- > 0) {
    const Layer& layer = layers_[level];
    if (!layer.write_open || layer.engine == nullptr) continue;
    *found = level;
    return layer.engine.get();
  }
  return nullptr;
}

}  // namespace onion::tls

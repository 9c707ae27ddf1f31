#include "runtime/buffer.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace infomotion::runtime {
namespace {

constexpr std::size_t kCacheLine = 64, kPage = 4096, kHugePage = std::size_t{2} << 20;

bool large(std::size_t bytes) { return bytes >= 2 * kHugePage; }

std::align_val_t alignment(std::size_t bytes) { return std::align_val_t(large(bytes) ? kHugePage : kCacheLine); }

// Keeps large blocks that were given back for later buffers of the same size, because clearing the pages of a new block
// costs a tenth of the time for the flow of a pair. Meanwhile the system may take the memory (MADV_FREE).
class Spare {
 public:
  void* take(std::size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto same = [bytes](const Block& block) { return block.bytes == bytes; };
    const auto found = std::find_if(blocks_.begin(), blocks_.end(), same);
    if (found == blocks_.end()) return nullptr;
    void* memory = found->memory;
    blocks_.erase(found);
    bytes_ -= bytes;
    return memory;
  }

  // Frees the oldest blocks if there are too many.
  void give(void* memory, std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_FREE)
    // In whole huge pages: the last bytes may share theirs, of whatever size pages are here, with a stranger's.
    madvise(memory, bytes / kHugePage * kHugePage, MADV_FREE);
#endif
    std::lock_guard<std::mutex> lock(mutex_);
    while (!blocks_.empty() && (blocks_.size() == kMaxBlocks || bytes_ + bytes > kMaxBytes)) {
      bytes_ -= blocks_.front().bytes;
      ::operator delete(blocks_.front().memory, alignment(blocks_.front().bytes));
      blocks_.erase(blocks_.begin());
    }
    if (bytes > kMaxBytes) return ::operator delete(memory, alignment(bytes));
    blocks_.push_back({memory, bytes});
    bytes_ += bytes;
  }

 private:
  static constexpr std::size_t kMaxBlocks = 32, kMaxBytes = std::size_t{256} << 20;
  struct Block {
    void* memory;
    std::size_t bytes;
  };

  Spare() { blocks_.reserve(kMaxBlocks); }
  friend Spare& spare();

  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t bytes_ = 0;
};

// Leaked on purpose, as the thread pool is: its threads may free buffers while the process exits.
Spare& spare() {
  static Spare* instance = new Spare;
  return *instance;
}

}  // namespace

void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
  if (!large(bytes)) return;
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + kPage - 1) / kPage * kPage, last = (begin + bytes) / kPage * kPage;
  // A wish: what it returns changes nothing.
  madvise(static_cast<char*>(memory) + (first - begin), last - first, MADV_HUGEPAGE);
#endif
}

void Buffer::Free::operator()(float* floats) const {
  if (large(bytes)) return spare().give(floats, bytes);
  ::operator delete(floats, alignment(bytes));
}

void Buffer::allocate(std::size_t size) {
  const std::size_t bytes = (size + 2 * kSpare) * sizeof(float);
  size_ = 0;
  floats_.reset();
  void* memory = large(bytes) ? spare().take(bytes) : nullptr;
  if (memory == nullptr) {
    memory = ::operator new(bytes, alignment(bytes));
    prefer_huge_pages(memory, bytes);
  }
  floats_ = {static_cast<float*>(memory), Free{bytes}};
  size_ = size;
}

void Buffer::resize(std::size_t size) {
  if (size == size_ && floats_ != nullptr) return;
  allocate(size);
  std::fill_n(floats_.get(), size + 2 * kSpare, 0.0f);
}

Buffer Buffer::raw(std::size_t size) {
  Buffer buffer;
  buffer.allocate(size);
  std::fill_n(buffer.floats_.get(), kSpare, 0.0f);
  std::fill_n(buffer.data() + size, kSpare, 0.0f);
  return buffer;
}

}  // namespace infomotion::runtime

// A device's memory: a reservation of addresses that the host can touch only while the device works.
//
//   block   [ numbers ...................][ rim ]     rim: at least 64 bytes that nothing may write
//
// Fresh memory holds NaN in every type, memory given back another pattern, so that what reads either shows. Rims are
// looked at when the block is given back; under AddressSanitizer neither they nor what is not allocated can be touched.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace emulation {

class Memory {
 public:
  Memory();

  /// With its rim.
  static std::size_t whole(std::size_t size);
  /// Null when there are no addresses left. Contents come with `prepare`, in stream order.
  void* take(std::size_t size);
  void prepare(void* block);
  /// "" or what is wrong with the block.
  std::string give_back(void* block);

  bool holds(const void* address) const;
  /// Whether [address, address + size) lies in one block.
  bool in_block(const void* address, std::size_t size) const;
  std::size_t whole_of(void* block) const;

  /// Opens the memory to the host. Nests.
  class Open {
   public:
    explicit Open(Memory& memory);
    ~Open();
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    Memory& memory_;
  };

 private:
  struct Block {
    std::size_t size, whole;
  };
  void protect(bool open);

  char* base_ = nullptr;
  std::size_t high_ = 0;  ///< No block ever lay beyond it.
  int opened_ = 0;
  std::map<std::size_t, std::size_t> free_;  // offset -> size
  std::map<std::size_t, Block> used_;
};

}  // namespace emulation

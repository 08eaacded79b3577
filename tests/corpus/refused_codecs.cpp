// Chunks that must be refused: every check of every codec, with checksums that are right.
#include "corpus.h"

#include <array>
#include <functional>

#include "forge_codecs.h"
#include "values.h"

#include <cairn/core/core.h>
#include <cairn/io/io.h>

namespace corpus {

using namespace cairn;
using namespace forge;

std::vector<Case> refused_codecs() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& name, const std::string& why, const Tensor& tensor, std::uint8_t codec,
                       Chunk stored) {
    cases.push_back({"codec-" + name, "refused", why, packed_as(List{tensor}, std::array{Stored{codec, stored}})});
  };
  const auto changed = [](Chunk chunk, const std::function<void(Chunk&)>& edit) {
    edit(chunk);
    return chunk;
  };
  const auto byte = [](int value) { return static_cast<std::byte>(value); };

  const Tensor truths = full({40}, 1, {.dtype = DType::boolean});
  add("raw-bool", "a raw bool that is 2", truths, 0, changed(elements(truths), [&](Chunk& c) { c[39] = byte(2); }));
  add("constant-bool", "bools that are all 255", truths, 3, {byte(255)});
  for (Case& each : cases) {  // their digests fit
    each.bytes = forge::change(each.bytes, [&](Parts& parts) {
      Chunk decoded = parts.blobs;
      decoded.resize(40, byte(255));
      parts.blob_records[0].digest = io::hash(io::bytes_of(io::hash(decoded)));
    });
  }

  const Tensor sevens = full({200}, 7, {.dtype = DType::uint8});
  const Chunk frame = zstd_repeated(byte(7), 200);
  add("zstd-other-size", "a frame that announces another size", sevens, 1, zstd_repeated(byte(7), 199));
  add("zstd-larger", "a frame that announces 4 GiB", sevens, 1, zstd_as_it_is(frame, UINT32_MAX));
  add("zstd-no-size", "a frame that announces no size", sevens, 1, changed(frame, [&](Chunk& c) {
        c[4] = byte(0x00);  // no single segment, no content size; a window of 1 KiB
        c.erase(c.begin() + 6, c.begin() + 9);
        c[5] = byte(0);
      }));
  add("zstd-dictionary", "a frame that needs a dictionary", sevens, 1, changed(frame, [&](Chunk& c) {
        c[4] |= byte(1);
        c.insert(c.begin() + 5, byte(9));
      }));
  add("zstd-two-frames", "two frames", sevens, 1, changed(frame, [&](Chunk& c) { append(c, Chunk(frame)); }));
  add("zstd-trailing", "a byte behind the frame", sevens, 1, changed(frame, [&](Chunk& c) { c.push_back(byte(0)); }));
  add("zstd-cut", "a frame cut short", sevens, 1, changed(frame, [](Chunk& c) { c.pop_back(); }));
  add("zstd-less", "a frame that holds less than it announces", sevens, 1, changed(frame, [](Chunk& c) {
        const std::uint32_t head = 100 << 3 | 1 << 1 | 1;
        std::memcpy(c.data() + 9, &head, 3);
      }));
  add("zstd-not", "bytes that are no frame", sevens, 1, Chunk(20, byte(1)));
  add("zstd-wrong-numbers", "a frame of other bytes: the digest does not fit", sevens, 1, zstd_repeated(byte(8), 200));
  cases.push_back(
      {"codec-zstd-ratio", "refused", "more than 32768 times the stored bytes",
       packed_as(List{full({1 << 20}, 7, {.dtype = DType::uint8})}, std::array{Stored{1, Chunk(31, byte(0))}})});

  const Tensor ones = full({60}, 1), one = full({1}, 1);
  const Chunk element = elements(one);
  add("constant-shorter", "less than an element", ones, 3, changed(element, [](Chunk& c) { c.pop_back(); }));
  add("constant-longer", "two elements", ones, 3, changed(element, [&](Chunk& c) { append(c, Chunk(element)); }));
  add("constant-alone", "a chunk of one element", one, 3, element);
  add("constant-wrong", "another element: the digest does not fit", ones, 3, Chunk(4, byte(1)));

  const Tensor single = packable(DType::float32);
  const Chunk planed = planes(elements(single), 4, true, std::array{1, 2, 0, 0});
  const auto entry = [](Chunk& c, std::size_t plane, std::uint32_t size, std::uint32_t kind) {
    const std::uint32_t number = size << 2 | kind;
    std::memcpy(c.data() + plane * 4, &number, 4);
  };
  add("planes-of-bytes", "planes of a dtype of one byte", sevens, 2, Chunk(12, byte(1)));
  add("planes-short", "less than 5 bytes for each plane", single, 2, changed(planed, [](Chunk& c) { c.resize(19); }));
  add("planes-kind", "a plane of kind 3", single, 2, changed(planed, [&](Chunk& c) { entry(c, 0, 1, 3); }));
  add("planes-raw-size", "a raw plane of another size", single, 2,
      changed(planed, [&](Chunk& c) { entry(c, 3, 119, 0); }));
  add("planes-constant-size", "a constant plane of two bytes", single, 2,
      changed(planed, [&](Chunk& c) { entry(c, 0, 2, 1), c.insert(c.begin() + 16, byte(0)); }));
  add("planes-constant-none", "a constant plane of no bytes", single, 2,
      changed(planed, [&](Chunk& c) { entry(c, 0, 0, 1), c.erase(c.begin() + 16); }));
  add("planes-beyond", "a plane that reaches beyond the chunk", single, 2,
      changed(planed, [&](Chunk& c) { entry(c, 0, (1u << 30) - 1, 0); }));
  add("planes-frame", "a plane's frame that announces another size", single, 2,
      changed(planed, [&](Chunk& c) { c[16 + 1 + 5] = byte(119); }));
  add("planes-trailing", "a byte behind the last plane", single, 2,
      changed(planed, [&](Chunk& c) { c.push_back(byte(0)); }));
  add("planes-cut", "the last plane cut short", single, 2, changed(planed, [](Chunk& c) { c.pop_back(); }));
  add("planes-not-rotated", "planes that were not rotated: the digest does not fit", single, 2,
      planes(elements(single), 4, false, std::array{1, 2, 0, 0}));

  const Tensor half = packable(DType::bfloat16, 101);
  const Chunk coded = exponents(elements(half), 2, exponents_of_small_numbers);
  const std::size_t signs = 8, codes = signs + 101, escapes = codes + 38, trailer = coded.size() - 2;
  add("exponents-dtype", "exponents of whole numbers", packable(DType::int16), 4, coded);
  add("exponents-k-1", "codes of 1 bit", half, 4, changed(coded, [&](Chunk& c) { c[0] = byte(1); }));
  add("exponents-k-5", "codes of 5 bits", half, 4, changed(coded, [&](Chunk& c) { c[0] = byte(5); }));
  add("exponents-twice", "two codes for one exponent", half, 4, changed(coded, [](Chunk& c) { c[2] = c[1]; }));
  const std::uint8_t three[] = {131, 132, 133};
  add("exponents-padding", "padding of the head that is not zero", half, 4,
      changed(exponents(elements(half), 2, three), [&](Chunk& c) { c[7] = byte(1); }));
  add("exponents-escapes-more", "an escape more than is counted", half, 4,
      changed(coded, [&](Chunk& c) { c.insert(c.begin() + static_cast<std::ptrdiff_t>(escapes), byte(0)); }));
  add("exponents-count", "a count of escapes that its codes do not have", half, 4, changed(coded, [&](Chunk& c) {
        c.insert(c.begin() + static_cast<std::ptrdiff_t>(trailer), byte(0));
        c[trailer + 1] ^= byte(3);
      }));
  add("exponents-codes", "a code changed into an escape", half, 4,
      changed(coded, [&](Chunk& c) { c[codes + 4] = byte(255); }));
  add("exponents-escape-coded", "an escape whose exponent has a code", half, 4,
      changed(coded, [&](Chunk& c) { c[escapes] = byte(127); }));
  add("exponents-bits-left", "bits behind the last code", half, 4,
      changed(coded, [&](Chunk& c) { c[escapes - 1] |= byte(0x80); }));
  add("exponents-short", "less than a head", half, 4, Chunk(5, byte(2)));
  add("exponents-cut", "a chunk cut short", half, 4, changed(coded, [](Chunk& c) { c.pop_back(); }));
  add("exponents-trailing", "a byte too many", half, 4, changed(coded, [&](Chunk& c) { c.push_back(byte(0)); }));
  add("exponents-wrong", "another sign: the digest does not fit", half, 4,
      changed(coded, [&](Chunk& c) { c[signs] ^= byte(0x80); }));
  return cases;
}

}  // namespace corpus

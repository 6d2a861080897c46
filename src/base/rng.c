#include "neurank/base/rng.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

nr_stream nr_stream_make(uint64_t seed, const char *purpose, uint64_t index) {
    uint64_t words[3] = {seed, XXH3_64bits(purpose, strlen(purpose)), index};
    return (nr_stream){.key = XXH3_64bits(words, sizeof words)};
}

void nr_stream_draw(nr_stream stream, uint32_t c0, uint32_t c1, uint32_t c2,
                    uint32_t c3, uint64_t out[2]) {
    philox4x32_ctr_t counter = {{c0, c1, c2, c3}};
    philox4x32_key_t key = {{(uint32_t)stream.key, (uint32_t)(stream.key >> 32)}};
    philox4x32_ctr_t bits = philox4x32(counter, key);
    out[0] = (uint64_t)bits.v[1] << 32 | bits.v[0];
    out[1] = (uint64_t)bits.v[3] << 32 | bits.v[2];
}

void nr_stream_uniforms(nr_stream stream, uint32_t c0, uint32_t c1, uint32_t c2,
                        uint32_t c3, double out[2]) {
    uint64_t bits[2];
    nr_stream_draw(stream, c0, c1, c2, c3, bits);
    for (int k = 0; k < 2; k++) out[k] = ((double)(bits[k] >> 11) + 0.5) * 0x1p-53;
}

double nr_normal(const double u[2]) {
    return sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]);
}

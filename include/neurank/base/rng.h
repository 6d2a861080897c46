/* Random numbers as a function, not a sequence.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"), a counter-based generator: the value at (seed, purpose, index, counter)
 * is the same on any rank at any time, and nothing has to be stored to go on later. */
#ifndef NEURANK_BASE_RNG_H
#define NEURANK_BASE_RNG_H

#include <stdint.h>

typedef struct {
    uint64_t key;
} nr_stream;

/* A family of independent values: its key is XXH3's 64-bit hash of the three. purpose
 * names the use ("keys", "strata", ...), index tells apart uses of one kind (a layer's
 * digest, say). */
nr_stream nr_stream_make(uint64_t seed, const char *purpose, uint64_t index);

/* 128 random bits at one counter; as all here a function of its arguments alone, so any
 * thread may call it. */
void nr_stream_draw(nr_stream stream, uint32_t c0, uint32_t c1, uint32_t c2,
                    uint32_t c3, uint64_t out[2]);

/* The same as two uniform numbers in (0, 1): the middles of 2^53 intervals. */
void nr_stream_uniforms(nr_stream stream, uint32_t c0, uint32_t c1, uint32_t c2,
                        uint32_t c3, double out[2]);

/* A standard normal number from two such (Box and Muller 1958). */
double nr_normal(const double u[2]);

#endif

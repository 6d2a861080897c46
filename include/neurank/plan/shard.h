/* A share of a run's sweeps: "2/5" is every fifth sweep, from the second one on. */
#ifndef NEURANK_PLAN_SHARD_H
#define NEURANK_PLAN_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_SHARDS_MAX = 65536 };

typedef struct {
    uint64_t number, count; /* 1 .. count; both 0: all sweeps */
} nr_shard;

/* Reads "2/5", or "none". False: it is neither, or out of range; *out is all sweeps. */
bool nr_shard_parse(const char *text, nr_shard *out);
/* Writes the same into text [bytes]. */
void nr_shard_format(const nr_shard *shard, char *text, size_t bytes);

#endif

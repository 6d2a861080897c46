#include "neurank/plan/shard.h"

#include <stdio.h>
#include <string.h>

#include "neurank/base/text.h"

bool nr_shard_parse(const char *text, nr_shard *out) {
    char number[24];
    const char *slash = strchr(text, '/');
    nr_shard shard = {0};
    *out = shard;
    if (strcmp(text, "none") == 0) return true;
    if (!slash || (size_t)(slash - text) >= sizeof number) return false;
    snprintf(number, sizeof number, "%.*s", (int)(slash - text), text);
    if (!nr_parse_u64(number, &shard.number) || !nr_parse_u64(slash + 1, &shard.count))
        return false;
    if (shard.number < 1 || shard.number > shard.count || shard.count > NR_SHARDS_MAX)
        return false;
    *out = shard;
    return true;
}

void nr_shard_format(const nr_shard *shard, char *text, size_t bytes) {
    if (shard->count == 0) snprintf(text, bytes, "none");
    else
        snprintf(text, bytes, "%llu/%llu", (unsigned long long)shard->number,
                 (unsigned long long)shard->count);
}

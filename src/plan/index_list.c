#include "neurank/plan/index_list.h"

#include <stdbool.h>
#include <stdlib.h>

#include "neurank/base/memory.h"

nr_status nr_parse_index_list(const char *option, const char *text, size_t limit,
                              uint32_t **out, size_t *n) {
    bool *marked;
    if (!NR_NEW(marked, limit)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (const char *p = text; status == NR_OK; p++) {
        char *end = NULL;
        bool digit = *p >= '0' && *p <= '9';
        unsigned long long first = digit ? strtoull(p, &end, 10) : 0, last = first;
        if (digit && *end == '-' && end[1] >= '0' && end[1] <= '9')
            last = strtoull(end + 1, &end, 10);
        if (!digit || (*end && *end != ',') || last < first)
            status = nr_fail(NR_ERR_USAGE, "%s %s: a list such as 0-11,17 is expected",
                             option, text);
        else if (last >= limit)
            status = nr_fail(NR_ERR_USAGE, "%s %s: filter %llu is not in 0..%zu",
                             option, text, last, limit - 1);
        for (unsigned long long i = first; i <= last && status == NR_OK; i++) {
            if (marked[i])
                status = nr_fail(NR_ERR_USAGE, "%s %s: filter %llu is named twice",
                                 option, text, i);
            marked[i] = true;
        }
        if (status != NR_OK) break;
        p = end;
        if (!*p) break;
    }
    uint32_t *list = NULL;
    *n = 0;
    if (status == NR_OK && !NR_NEW(list, limit)) status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < limit && status == NR_OK; i++)
        if (marked[i]) list[(*n)++] = (uint32_t)i;
    free(marked);
    *out = list;
    return status;
}

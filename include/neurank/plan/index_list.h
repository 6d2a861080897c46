/* Filters by number, as people write them. */
#ifndef NEURANK_PLAN_INDEX_LIST_H
#define NEURANK_PLAN_INDEX_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* Reads "0-11,17" as ascending numbers below `limit`; *out [n] owned by the caller.
 * option names it in messages. NR_ERR_USAGE: it is no such list, or names a number
 * twice or one that is not below; NR_ERR_INTERNAL: no memory. */
nr_status nr_parse_index_list(const char *option, const char *text, size_t limit,
                              uint32_t **out, size_t *n);

#endif

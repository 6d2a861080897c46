/* One coalition at a time by whole forwards, nothing shared between coalitions: `eval`,
 * `curve`, and the check of the fast path. */
#ifndef NEURANK_GAME_MASKED_H
#define NEURANK_GAME_MASKED_H

#include "neurank/game/filter_spec.h"

typedef struct nr_masked nr_masked;

/* rows_max: most images at a time. spec: its parts are borrowed for the life of *out.
 * NR_ERR_INTERNAL: no memory. What follows allocates nothing and cannot fail. */
nr_status nr_masked_new(const nr_filter_spec *spec, size_t rows_max, nr_masked **out);
void nr_masked_free(nr_masked *masked);

/* The network with exactly the players marked in `kept` [n_players]: logits [count,
 * classes] of images [first, first + count), count <= rows_max. */
void nr_masked_logits(nr_masked *masked, const bool *kept, size_t first, size_t count,
                      float *logits);
/* The same in two steps: everything before the choice, once for some images; then as
 * many coalitions as wanted on them, logits [count, classes] each. */
void nr_masked_open(nr_masked *masked, size_t first, size_t count);
void nr_masked_play(nr_masked *masked, const bool *kept, float *logits);

#endif

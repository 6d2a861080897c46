/* From rows of the frontier to values: everything behind the players, once per
 * coalition, as one large batch.
 *
 * It remembers the open block's ends, and nothing of what is played: who plays writes
 * into `rows` and has them evaluated. */
#ifndef NEURANK_GAME_FILTER_SUFFIX_H
#define NEURANK_GAME_FILTER_SUFFIX_H

#include "deltas.h"
#include "neurank/game/game.h"

enum { NR_CHUNK_MAX = 128 };

typedef struct {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_prefix *prefix;
    const nr_deltas *deltas;
    nr_exec *exec;
    size_t chunk;           /* coalitions of a batch, at most NR_CHUNK_MAX */
    float **rows;           /* [n_frontier] its input: [chunk, T, size] */
    const float *(*end)[2]; /* [n_frontier] by nr_end: [T, size], of the open block */
    nr_block_ends ends;     /* of the open block, the label left out */
    uint32_t *row_labels;   /* [chunk * T] scratch */
    double *row_values;     /* likewise */
} nr_suffix;

/* A coalition without a usable value. */
typedef struct {
    size_t coalition; /* its number in the batch */
    double value;
} nr_bad;

nr_status nr_suffix_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_prefix *prefix, const nr_deltas *deltas,
                        nr_suffix **out);
void nr_suffix_free(nr_suffix *suffix);
size_t nr_suffix_bytes(const nr_suffix *suffix);

/* Turns to the open block. NR_ERR_UNIT: one of its ends has no value. */
nr_status nr_suffix_open(nr_suffix *suffix);

/* Row from [n], a sum over players, as the suffix reads it. */
void nr_suffix_put_row(const nr_front *front, const float *from, size_t n, float *to);

static inline float nr_suffix_clamp(const nr_front *front, float v) {
    v = v < front->low ? front->low : v;
    return v > front->high ? front->high : v;
}

/* Runs the suffix on `count` (at most `chunk`) coalitions whose frontier rows stand in
 * `rows`, and sums each one's values over the block's images. False: *bad has none. */
bool nr_suffix_evaluate(const nr_suffix *suffix, size_t count, int64_t *values,
                        nr_bad *bad);
/* Adds the scores of logits [rows, classes] to their coalitions' values: row r is
 * coalition r / images on the image with label labels[r % images]. False as above. */
bool nr_suffix_add_scores(const nr_suffix *suffix, const float *logits, size_t rows,
                          size_t images, const uint32_t *labels, int64_t *values,
                          nr_bad *bad);

#endif

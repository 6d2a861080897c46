/* Where the game is: the open block, and the batch of blocks that it belongs to, a part
 * of the group whose prefix is computed at once. */
#ifndef NEURANK_GAME_FILTER_CURSOR_H
#define NEURANK_GAME_FILTER_CURSOR_H

#include "board.h"

typedef struct {
    uint64_t batch_first, batch_end; /* blocks; empty: none is open */
    size_t batch_images;             /* in it */
    uint64_t block;
    size_t images, first_image; /* of the open block; the last one may have fewer */
    size_t row;                 /* its first image in the batch */
} nr_cursor;

/* True: its batch is a new one. */
bool nr_cursor_open(nr_cursor *cursor, const nr_board *board, uint64_t block);

/* The images of a block of the batch. */
static inline void nr_cursor_range(const nr_cursor *cursor, const nr_board *board,
                                   uint64_t block, size_t *from, size_t *n) {
    *from = (size_t)(block - cursor->batch_first) * board->rows_block;
    *n = cursor->batch_images - *from < board->rows_block ? cursor->batch_images - *from
                                                          : board->rows_block;
}

#endif

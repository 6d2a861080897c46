#include "cursor.h"

static void open_batch(nr_cursor *cursor, const nr_board *board) {
    size_t total = nr_images_count(board->spec.images);
    cursor->batch_first = cursor->block / board->batch_blocks * board->batch_blocks;
    size_t first = (size_t)cursor->batch_first * board->rows_block;
    size_t images = board->batch_blocks * board->rows_block;
    cursor->batch_images = total - first < images ? total - first : images;
    cursor->batch_end =
        cursor->batch_first +
        (cursor->batch_images + board->rows_block - 1) / board->rows_block;
}

bool nr_cursor_open(nr_cursor *cursor, const nr_board *board, uint64_t block) {
    bool fresh = block < cursor->batch_first || block >= cursor->batch_end;
    cursor->block = block;
    cursor->first_image = (size_t)block * board->rows_block;
    NR_ASSERT(cursor->first_image < nr_images_count(board->spec.images));
    if (fresh) open_batch(cursor, board);
    nr_cursor_range(cursor, board, block, &cursor->row, &cursor->images);
    return fresh;
}

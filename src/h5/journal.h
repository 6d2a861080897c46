/* What a file was given: a digest for each call that wrote, not the data. Below file.c:
 * who reads it back (check.c) stands above. */
#ifndef NEURANK_H5_JOURNAL_H
#define NEURANK_H5_JOURNAL_H

#include "neurank/base/digest.h"
#include "neurank/h5/file.h"

/* What a call wrote. */
typedef enum { NR_H5_ROWS, NR_H5_CHUNK, NR_H5_NUMBERS, NR_H5_TEXT } nr_h5_written;

typedef struct {
    nr_h5_written what;
    const char *object, *name; /* name NULL: no attribute */
    nr_h5_type type;
    nr_h5_slab slab;
} nr_h5_place;

typedef struct {
    nr_h5_place at;
    char *object, *name; /* owned: its texts */
    char digest[NR_DIGEST_TEXT];
} nr_h5_entry;

typedef struct {
    nr_h5_entry *entries; /* [n] in the order of the calls */
    size_t n, capacity;
} nr_h5_journal;

nr_status nr_h5_journal_new(nr_h5_journal **out);
void nr_h5_journal_free(nr_h5_journal *journal);
/* Its texts are copied. Nothing if no journal is kept (NULL). */
nr_status nr_h5_journal_add(nr_h5_journal *journal, const nr_h5_place *at,
                            const void *bytes, size_t n_bytes);

#endif

#include "journal.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

nr_status nr_h5_journal_new(nr_h5_journal **out) {
    return NR_NEW(*out, 1) ? NR_OK : NR_ERR_INTERNAL;
}

void nr_h5_journal_free(nr_h5_journal *journal) {
    if (!journal) return;
    for (size_t k = 0; k < journal->n; k++) {
        free(journal->entries[k].object);
        free(journal->entries[k].name);
    }
    free(journal->entries);
    free(journal);
}

nr_status nr_h5_journal_add(nr_h5_journal *j, const nr_h5_place *at, const void *bytes,
                            size_t n_bytes) {
    nr_h5_entry e = {.at = *at};
    if (!j) return NR_OK;
    nr_digest_of(bytes, n_bytes, e.digest);
    NR_TRY(nr_grow((void **)&j->entries, &j->capacity, j->n + 1, sizeof *j->entries));
    e.at.object = e.object = nr_strdup(at->object);
    e.at.name = e.name = at->name ? nr_strdup(at->name) : NULL;
    j->entries[j->n++] = e;
    return e.object && (!at->name || e.name) ? NR_OK : NR_ERR_INTERNAL;
}

/* What a file was given, so that it can be read back and compared once it is closed.
 *
 * HDF5 holds data back until a dataset or the file is closed, and a failure then is
 * easily lost; so trust begins with what a new reader gets to see. The journal has a
 * digest for each call that wrote, not the data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file_private.h"
#include "neurank/base/digest.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"

enum { PIECE_BYTES = 1 << 20 };

typedef struct {
    nr_h5_written what;
    char *object, *name;
    nr_h5_type type;
    nr_h5_slab slab;
    char digest[NR_DIGEST_TEXT];
} entry;

struct nr_h5_journal {
    entry *entries;
    size_t n, capacity;
};

nr_status nr_h5_journal_begin(nr_h5 *file) {
    return NR_NEW(file->journal, 1) ? NR_OK : NR_ERR_INTERNAL;
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

nr_status nr_h5_journal_add(nr_h5 *file, nr_h5_written what, const char *object,
                            const char *name, nr_h5_type type, const nr_h5_slab *slab,
                            const void *bytes, size_t n_bytes) {
    nr_h5_journal *j = file->journal;
    entry e = {.what = what, .type = type, .slab = *slab};
    if (!j) return NR_OK;
    nr_digest_of(bytes, n_bytes, e.digest);
    NR_TRY(nr_grow((void **)&j->entries, &j->capacity, j->n + 1, sizeof *j->entries));
    e.object = nr_strdup(object);
    e.name = name ? nr_strdup(name) : NULL;
    j->entries[j->n++] = e;
    return e.object && (!name || e.name) ? NR_OK : NR_ERR_INTERNAL;
}

/* ---- reading back ---- */

static nr_status add_rows(const nr_h5 *file, const entry *e, nr_digest *digest) {
    size_t dims[NR_H5_RANK], rank, row = nr_h5_type_bytes(e->type);
    void *buffer;
    NR_TRY(nr_h5_dims(file, e->object, dims, &rank));
    for (size_t d = e->slab.within ? 2 : 1; d < rank; d++)
        row = nr_size_mul(row, dims[d]);
    size_t step = row && row < PIECE_BYTES ? PIECE_BYTES / row : 1,
           count = e->slab.count;
    if (step > count) step = count;
    if (!(buffer = nr_new(nr_size_mul(step, row), 1))) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t at = 0; at < count && status == NR_OK; at += step) {
        nr_h5_slab piece = e->slab;
        piece.first += at;
        piece.count = count - at < step ? count - at : step;
        status = nr_h5_read_slab(file, e->object, e->type, &piece, buffer);
        if (status == NR_OK) nr_digest_add(digest, buffer, piece.count * row);
    }
    free(buffer);
    return status;
}

static nr_status add_chunk(const nr_h5 *file, const entry *e, nr_digest *digest) {
    void *bytes;
    size_t n;
    uint32_t mask;
    NR_TRY(nr_h5_read_chunk(file, e->object, e->slab.first, &bytes, &n, &mask));
    nr_digest_add(digest, bytes, n);
    free(bytes);
    return NR_OK;
}

static nr_status add_numbers(const nr_h5 *file, const entry *e, nr_digest *digest) {
    size_t n_bytes = nr_size_mul(e->slab.count, nr_h5_type_bytes(e->type));
    void *values = nr_new(n_bytes, 1);
    if (!values) return NR_ERR_INTERNAL;
    hid_t id = H5Aopen_by_name(file->id, e->object, e->name, H5P_DEFAULT, H5P_DEFAULT);
    bool good = id >= 0 && H5Aread(id, nr_h5_native(e->type), values) >= 0;
    if (id >= 0) H5Aclose(id);
    if (good) nr_digest_add(digest, values, n_bytes);
    free(values);
    return good ? NR_OK : NR_ERR_INPUT;
}

static nr_status add_text(const nr_h5 *file, const entry *e, nr_digest *digest) {
    char *text;
    NR_TRY(nr_h5_read_text(file, e->object, e->name, &text));
    nr_digest_add(digest, text, strlen(text));
    free(text);
    return NR_OK;
}

static nr_status add_back(const nr_h5 *file, const entry *e, nr_digest *digest) {
    switch (e->what) {
    case NR_H5_ROWS: return add_rows(file, e, digest);
    case NR_H5_CHUNK: return add_chunk(file, e, digest);
    case NR_H5_NUMBERS: return add_numbers(file, e, digest);
    case NR_H5_TEXT: break;
    }
    return add_text(file, e, digest);
}

static nr_status check_entry(const nr_h5 *file, const entry *e) {
    nr_digest *digest;
    char text[NR_DIGEST_TEXT];
    NR_TRY(nr_digest_new(&digest));
    nr_log_set_silent(true);
    nr_status status = add_back(file, e, digest);
    nr_log_set_silent(false);
    nr_digest_text(digest, text);
    nr_digest_free(digest);
    NR_REQUIRE(status == NR_OK && strcmp(text, e->digest) == 0, NR_ERR_STORE,
               "%s: cannot be written: %s%s%s read back is not what was written%s%s",
               nr_h5_path(file), e->object, e->name ? " " : "", e->name ? e->name : "",
               errno ? ": " : "", errno ? strerror(errno) : "");
    return NR_OK;
}

nr_status nr_h5_journal_check(const nr_h5_journal *journal, const char *path) {
    nr_h5 *file;
    nr_status status = NR_OK;
    errno = 0;
    NR_REQUIRE(nr_h5_open(path, &file) == NR_OK, NR_ERR_STORE,
               "%s: cannot be written: it cannot be read back", path);
    for (size_t k = 0; k < journal->n && status == NR_OK; k++)
        status = check_entry(file, &journal->entries[k]);
    nr_h5_close(file);
    return status;
}

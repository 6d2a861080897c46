/* A file that was written is read back and compared once it is closed.
 *
 * HDF5 holds data back until a dataset or the file is closed, and a failure then is
 * easily lost; so trust begins with what a new reader gets to see. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file_private.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"

enum { PIECE_BYTES = 1 << 20 };

static nr_status add_rows(const nr_h5 *file, const nr_h5_place *place,
                          nr_digest *digest) {
    size_t dims[NR_H5_RANK], rank, row = nr_h5_type_bytes(place->type);
    void *buffer;
    NR_TRY(nr_h5_dims(file, place->object, dims, &rank));
    for (size_t d = place->slab.within ? 2 : 1; d < rank; d++)
        row = nr_size_mul(row, dims[d]);
    size_t step = row && row < PIECE_BYTES ? PIECE_BYTES / row : 1,
           count = place->slab.count;
    if (step > count) step = count;
    if (!(buffer = nr_new(nr_size_mul(step, row), 1))) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t at = 0; at < count && status == NR_OK; at += step) {
        nr_h5_slab piece = place->slab;
        piece.first += at;
        piece.count = count - at < step ? count - at : step;
        status = nr_h5_read_slab(file, place->object, place->type, &piece, buffer);
        if (status == NR_OK) nr_digest_add(digest, buffer, piece.count * row);
    }
    free(buffer);
    return status;
}

static nr_status add_chunk(const nr_h5 *file, const nr_h5_place *place,
                           nr_digest *digest) {
    void *bytes;
    size_t n;
    uint32_t mask;
    NR_TRY(nr_h5_read_chunk(file, place->object, place->slab.first, &bytes, &n, &mask));
    nr_digest_add(digest, bytes, n);
    free(bytes);
    return NR_OK;
}

static nr_status add_numbers(const nr_h5 *file, const nr_h5_place *place,
                             nr_digest *digest) {
    size_t n_bytes = nr_size_mul(place->slab.count, nr_h5_type_bytes(place->type));
    void *values = nr_new(n_bytes, 1);
    if (!values) return NR_ERR_INTERNAL;
    hid_t id =
        H5Aopen_by_name(file->id, place->object, place->name, H5P_DEFAULT, H5P_DEFAULT);
    bool good = id >= 0 && H5Aread(id, nr_h5_native(place->type), values) >= 0;
    if (id >= 0) H5Aclose(id);
    if (good) nr_digest_add(digest, values, n_bytes);
    free(values);
    return good ? NR_OK : NR_ERR_INPUT;
}

static nr_status add_text(const nr_h5 *file, const nr_h5_place *place,
                          nr_digest *digest) {
    char *text;
    NR_TRY(nr_h5_read_text(file, place->object, place->name, &text));
    nr_digest_add(digest, text, strlen(text));
    free(text);
    return NR_OK;
}

static nr_status add_back(const nr_h5 *file, const nr_h5_place *place,
                          nr_digest *digest) {
    switch (place->what) {
    case NR_H5_ROWS: return add_rows(file, place, digest);
    case NR_H5_CHUNK: return add_chunk(file, place, digest);
    case NR_H5_NUMBERS: return add_numbers(file, place, digest);
    case NR_H5_TEXT: break;
    }
    return add_text(file, place, digest);
}

static nr_status check_entry(const nr_h5 *file, const nr_h5_entry *e) {
    nr_digest *digest;
    char text[NR_DIGEST_TEXT];
    NR_TRY(nr_digest_new(&digest));
    nr_log_set_silent(true);
    nr_status status = add_back(file, &e->at, digest);
    nr_log_set_silent(false);
    nr_digest_text(digest, text);
    nr_digest_free(digest);
    NR_REQUIRE(status == NR_OK && strcmp(text, e->digest) == 0, NR_ERR_STORE,
               "%s: cannot be written: %s%s%s read back is not what was written%s%s",
               nr_h5_path(file), e->object, e->name ? " " : "", e->name ? e->name : "",
               errno ? ": " : "", errno ? strerror(errno) : "");
    return NR_OK;
}

static nr_status check(const nr_h5_journal *journal, const char *path) {
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

nr_status nr_h5_remember(nr_h5 *file) {
    return nr_h5_journal_new(&file->journal);
}

nr_status nr_h5_close_checked(nr_h5 *file) {
    nr_h5_journal *journal = file->journal;
    char *path = nr_strdup(file->path);
    file->journal = NULL;
    nr_status status = nr_h5_close(file);
    if (status == NR_OK && path) status = nr_publish_settle(path);
    if (status == NR_OK) status = path ? check(journal, path) : NR_ERR_INTERNAL;
    nr_h5_journal_free(journal);
    free(path);
    return status;
}

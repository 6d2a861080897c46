/* A store on its way to disk:
 *
 *   check    what stands at the path is the file that this store goes on from
 *   write    everything, into a temporary file beside it; sync
 *   verify   a new reader finds on the disk what was written, call by call
 *   seal     length and digest of all bytes of the disk's, behind them; sync, read back
 *   publish  rename over, sync the folder
 *
 * Whatever fails before the rename, and whatever ends the process, leaves the file that
 * stood there as it was. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/seal.h"
#include "store_private.h"

/* "host:process:time", the same as long as the process lives. */
static const char *this_writer(void) {
    static char text[NR_STORE_WRITER];
    char host[64] = "";
    struct timespec now;
    if (*text) return text;
    gethostname(host, sizeof host - 1);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof text, "%s:%ld:%lld.%09ld", host, (long)getpid(),
             (long long)now.tv_sec, now.tv_nsec);
    return text;
}

/* Which generation stands at path; 0 if there is no file. */
static nr_status read_generation(const char *path, uint64_t *generation,
                                 char writer[NR_STORE_WRITER]) {
    nr_h5 *file;
    *generation = 0;
    *writer = '\0';
    if (access(path, F_OK) != 0) return NR_OK;
    nr_log_set_silent(true);
    nr_status status = nr_h5_open(path, &file);
    if (status == NR_OK) {
        status = nr_layout_read_generation(file, generation, writer);
        nr_h5_close(file);
    }
    nr_log_set_silent(false);
    return status;
}

bool nr_store_is_current(const char *path, const nr_store *store) {
    uint64_t generation;
    char writer[NR_STORE_WRITER];
    return read_generation(path, &generation, writer) == NR_OK &&
           generation == store->generation && strcmp(writer, store->writer) == 0;
}

/* Locks keep a second run away where there are any; this notices it everywhere. */
static nr_status check_generation(const char *path, const nr_store *store) {
    char writer[NR_STORE_WRITER];
    uint64_t generation;
    NR_REQUIRE(read_generation(path, &generation, writer) == NR_OK, NR_ERR_STORE,
               "%s: cannot be written: what stands there cannot be read as this run's "
               "store",
               path);
    bool removed = generation == 0; /* then it is written anew */
    bool same = generation == store->generation && strcmp(writer, store->writer) == 0;
    NR_REQUIRE(removed || same, NR_ERR_MISMATCH,
               "%s: %s wrote it (generation %llu, this run's is %llu) while this run "
               "was going on from it: left as it is",
               path, writer, (unsigned long long)generation,
               (unsigned long long)store->generation);
    return NR_OK;
}

static nr_status write_content(const char *temporary, const nr_store *store) {
    nr_h5 *file;
    NR_TRY(nr_h5_create(temporary, &file));
    nr_status status = nr_h5_remember(file);
    if (status == NR_OK) status = nr_layout_write(file, store);
    if (status == NR_OK) return nr_h5_close_checked(file);
    nr_log_set_silent(true); /* what made it fail has been said */
    nr_h5_close(file);
    nr_log_set_silent(false);
    return status;
}

/* *file, of stores with values by image: the new file, opened while it still had its
 * temporary name, so that nothing can fail once it has its own. */
static nr_status prepare(const char *temporary, const char *path, const nr_store *store,
                         nr_h5 **file) {
    NR_TRY(write_content(temporary, store));
    NR_TRY(nr_seal_append(temporary));
    if (!nr_store_has_images(store)) return NR_OK;
    NR_TRY(nr_h5_open(temporary, file));
    nr_status status = nr_h5_set_path(*file, path);
    if (status == NR_OK) return NR_OK;
    nr_h5_close(*file);
    *file = NULL;
    return status;
}

/* Nothing waits any more, and values by image go on in the new file. */
static nr_status go_on_in(nr_h5 *file, nr_store *store) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (store->layers[i].images) nr_image_rows_written(store->layers[i].images);
    nr_store_forget_files(store);
    return file ? nr_store_add_file(store, file) : NR_OK;
}

static nr_status publish(const char *path, nr_store *store, bool *renamed) {
    char *temporary;
    nr_h5 *file = NULL;
    *renamed = false;
    NR_TRY(nr_publish_name(path, &temporary));
    nr_status status = prepare(temporary, path, store, &file);
    if (status == NR_OK) status = nr_publish_commit(temporary, path, renamed);
    else nr_publish_abandon(temporary);
    free(temporary);
    if (!*renamed) {
        nr_h5_close(file);
        return status;
    }
    nr_status taken = go_on_in(file, store);
    return status == NR_OK ? taken : status;
}

/* The next generation goes to `path`; if it does not get there the store's own stays.
 */
static nr_status write_next(const char *path, nr_store *store) {
    char writer[NR_STORE_WRITER];
    uint64_t generation = store->generation;
    bool renamed;
    memcpy(writer, store->writer, sizeof writer);
    store->generation++;
    snprintf(store->writer, sizeof store->writer, "%s", this_writer());
    nr_status status = publish(path, store, &renamed);
    if (!renamed) {
        store->generation = generation;
        memcpy(store->writer, writer, sizeof writer);
    }
    return status;
}

nr_status nr_store_write(const char *path, nr_store *store) {
    NR_TRY(check_generation(path, store));
    return write_next(path, store);
}

nr_status nr_store_write_new(const char *path, nr_store *store) {
    NR_REQUIRE(access(path, F_OK) != 0, NR_ERR_STORE,
               "%s: cannot be written: it is there", path);
    return write_next(path, store);
}

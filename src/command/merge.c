/* `neurank merge`: shards to one store. */
#include <stdlib.h>
#include <unistd.h>

#include "neurank/base/lock.h"
#include "neurank/base/log.h"
#include "neurank/base/publish.h"
#include "neurank/command/command.h"
#include "neurank/run/output.h"
#include "neurank/store/store.h"

static nr_status prepare(const nr_merge_request *request) {
    const char *path = request->output;
    NR_TRY(nr_publish_check(path, request->shards.items, request->shards.n));
    bool there = access(path, F_OK) == 0;
    NR_REQUIRE(!there || request->fresh, NR_ERR_STORE,
               "%s: is there already: name another file, or --fresh, which keeps it as "
               "%s.old",
               path, path);
    return NR_OK;
}

/* An old file is put aside when its successor is ready to be written. */
static nr_status write_joined(const char *path, const char *command_line,
                              nr_store *store) {
    char *line = nr_history_line(command_line);
    if (!line) return NR_ERR_INTERNAL;
    nr_status status = nr_store_add_history(store, line);
    free(line);
    if (status == NR_OK && access(path, F_OK) == 0) status = nr_keep_old(path);
    return status == NR_OK ? nr_store_write_new(path, store) : status;
}

nr_status nr_run_merge(const nr_merge_request *request, const char *command_line) {
    const char *path = request->output;
    nr_lock *lock;
    nr_store *store;
    NR_TRY(prepare(request));
    NR_TRY(nr_lock_take(path, 0, &lock));
    nr_status status = nr_store_join(request->shards.items, request->shards.n, &store);
    if (status == NR_OK) {
        status = write_joined(path, command_line, store);
        if (status == NR_OK) nr_print_store(path, store, "");
        if (status == NR_OK && !nr_store_is_complete(store))
            nr_log(NR_LOG_INFO,
                   "%s: the command of the shards, without --shard, does what is "
                   "missing; or merge again when they are complete",
                   path);
        nr_store_free(store);
    }
    nr_lock_free(lock);
    return status;
}

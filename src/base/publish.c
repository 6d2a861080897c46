#include "neurank/base/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/memory.h"

nr_status nr_publish_name(const char *path, char **out) {
    size_t bytes = strlen(path) + 32;
    char *name = nr_new(bytes, 1);
    if (!name) return NR_ERR_INTERNAL;
    snprintf(name, bytes, "%s.%ld.tmp", path, (long)getpid());
    *out = name;
    return NR_OK;
}

static int sync_path(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC);
    if (file < 0) return -1;
    int result = fsync(file), cause = errno;
    close(file);
    errno = cause;
    return result;
}

static int sync_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return sync_path(".", O_RDONLY | O_DIRECTORY);
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    char *folder = strndup(path, length);
    if (!folder) return -1;
    int result = sync_path(folder, O_RDONLY | O_DIRECTORY), cause = errno;
    free(folder);
    errno = cause;
    return result;
}

nr_status nr_publish_commit(const char *temporary, const char *path) {
    if (sync_path(temporary, O_RDONLY) == 0 && rename(temporary, path) == 0 &&
        sync_folder_of(path) == 0)
        return NR_OK;
    nr_status status =
        nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", path, strerror(errno));
    nr_publish_abandon(temporary);
    return status;
}

void nr_publish_abandon(const char *temporary) {
    unlink(temporary);
}

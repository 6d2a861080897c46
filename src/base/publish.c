#include "neurank/base/publish.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "neurank/base/memory.h"

enum { LINKS_MAX = 40 };

/* The folder that `path` stands in; *out owned by the caller. */
static nr_status folder_of(const char *path, char **out) {
    const char *slash = strrchr(path, '/');
    char *folder = nr_strdup(slash ? path : ".");
    if (!folder) return NR_ERR_INTERNAL;
    if (slash) folder[slash == path ? 1 : slash - path] = '\0';
    *out = folder;
    return NR_OK;
}

/* May files be made in the folder that the file at path is in, or will be? */
static nr_status check_folder(const char *path) {
    char *folder;
    NR_TRY(folder_of(path, &folder));
    bool usable = access(folder, W_OK | X_OK) == 0;
    int cause = errno;
    free(folder);
    NR_REQUIRE(usable, NR_ERR_STORE, "%s: cannot be written: %s", path,
               strerror(cause));
    return NR_OK;
}

nr_status nr_publish_check(const char *path, const char *const *inputs,
                           size_t n_inputs) {
    NR_TRY(check_folder(path));
    return nr_publish_distinct(path, inputs, n_inputs);
}

nr_status nr_publish_distinct(const char *path, const char *const *inputs,
                              size_t n_inputs) {
    struct stat output, input;
    if (stat(path, &output) != 0) return NR_OK;
    for (size_t i = 0; i < n_inputs; i++)
        NR_REQUIRE(!inputs[i] || stat(inputs[i], &input) != 0 ||
                       input.st_dev != output.st_dev || input.st_ino != output.st_ino,
                   NR_ERR_USAGE, "%s: the output is also an input", path);
    NR_REQUIRE(S_ISREG(output.st_mode), NR_ERR_STORE,
               "%s: cannot be written: not a regular file", path);
    return NR_OK;
}

/* The target of one link, as seen from where its path is; owned by the caller. NULL: it
 * is no link; or there is no memory, which is said, and the link is not followed. */
static char *read_link(const char *path) {
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n <= 0) return NULL;
    target[n] = '\0';
    const char *slash = target[0] == '/' ? NULL : strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    char *joined = nr_new(length + (size_t)n + 1, 1);
    if (!joined) return NULL;
    memcpy(joined, path, length);
    memcpy(joined + length, target, (size_t)n + 1);
    return joined;
}

nr_status nr_follow_link(const char *path, char **out) {
    char *here = nr_strdup(path), *next;
    if (!here) return NR_ERR_INTERNAL;
    for (int k = 0; k < LINKS_MAX && (next = read_link(here)) != NULL; k++) {
        free(here);
        here = next;
    }
    *out = here;
    return NR_OK;
}

nr_status nr_open_input(const char *path, const char *what, int *out, size_t *n_bytes) {
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    NR_REQUIRE(file >= 0, NR_ERR_INPUT, "%s: cannot open %s: %s", path, what,
               strerror(errno));
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(file);
        return nr_fail(NR_ERR_INPUT, "%s: %s is not a regular file", path, what);
    }
    *out = file;
    *n_bytes = (size_t)info.st_size;
    return NR_OK;
}

nr_status nr_publish_name(const char *path, char **out) {
    char host[64] = "";
    size_t bytes = strlen(path) + sizeof host + 32;
    char *name = nr_new(bytes, 1);
    if (!name) return NR_ERR_INTERNAL;
    gethostname(host, sizeof host - 1);
    snprintf(name, bytes, "%s.%s.%ld.tmp", path, host, (long)getpid());
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

nr_status nr_publish_settle(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = file >= 0 && fsync(file) == 0;
    int cause = errno;
    if (synced) posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    if (file >= 0) close(file);
    NR_REQUIRE(synced, NR_ERR_STORE, "%s: cannot be written: %s", path,
               strerror(cause));
    return NR_OK;
}

static int sync_folder_of(const char *path) {
    char *folder;
    if (folder_of(path, &folder) != NR_OK) return -1;
    int result = sync_path(folder, O_RDONLY | O_DIRECTORY), cause = errno;
    free(folder);
    errno = cause;
    return result;
}

nr_status nr_publish_commit(const char *temporary, const char *path, bool *renamed) {
    bool there = sync_path(temporary, O_RDONLY) == 0 && rename(temporary, path) == 0;
    if (renamed) *renamed = there;
    if (there && sync_folder_of(path) == 0) return NR_OK;
    nr_status status =
        nr_fail(NR_ERR_STORE, "%s: cannot be written: %s%s", path, strerror(errno),
                there ? " (its folder cannot be synced)" : "");
    if (!there) nr_publish_abandon(temporary);
    return status;
}

nr_status nr_publish_stream(const char *path, nr_publish_writer *write,
                            const void *context) {
    char *temporary;
    NR_TRY(nr_publish_name(path, &temporary));
    FILE *stream = fopen(temporary, "wbe");
    nr_status status = stream ? write(context, stream) : NR_OK;
    bool good = stream && !ferror(stream);
    if (stream && fclose(stream) != 0) good = false;
    if (status == NR_OK && !good)
        status =
            nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", path, strerror(errno));
    if (status == NR_OK) status = nr_publish_commit(temporary, path, NULL);
    else nr_publish_abandon(temporary);
    free(temporary);
    return status;
}

/* HDF5 keeps a file open whose close failed: without its bytes it takes no room. */
void nr_publish_abandon(const char *temporary) {
    if (truncate(temporary, 0) == 0 || errno != ENOENT) unlink(temporary);
}

/* Is it "<base>.<host>.<pid>.tmp"? */
static bool is_temporary(const char *name, const char *base) {
    size_t length = strlen(base), end = strlen(name);
    if (strncmp(name, base, length) != 0 || name[length] != '.') return false;
    if (end < length + 6 || strcmp(name + end - 4, ".tmp") != 0) return false;
    size_t digits = end - 4;
    while (digits > length + 1 && isdigit((unsigned char)name[digits - 1])) digits--;
    return digits < end - 4 && digits > length + 1 && name[digits - 1] == '.';
}

void nr_publish_clean(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder;
    if (folder_of(path, &folder) != NR_OK) return;
    DIR *entries = opendir(folder);
    struct dirent *entry;
    while (entries && (entry = readdir(entries)) != NULL)
        if (is_temporary(entry->d_name, base))
            unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries) closedir(entries);
    free(folder);
}

#include "shared_memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "neurank/base/memory.h"

static const char folder_of_memory[] = "/dev/shm";

/* A file of n bytes in `folder`; -1 and errno if there is no room. */
static int make_file(const char *folder, size_t n_bytes, char name[NR_SHARED_NAME]) {
    static unsigned counter;
    int n = snprintf(name, NR_SHARED_NAME, "%s/neurank.%ld.%ld.%u", folder,
                     (long)getuid(), (long)getpid(), counter++);
    errno = ENAMETOOLONG;
    if (n >= NR_SHARED_NAME) return -1;
    int file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    int cause = posix_fallocate(file, 0, (off_t)n_bytes);
    if (cause == 0) return file;
    unlink(name);
    close(file);
    errno = cause;
    return -1;
}

nr_status nr_shared_make(size_t n_bytes, char name[NR_SHARED_NAME], void **base) {
    const char *folders[] = {folder_of_memory, getenv("TMPDIR"), "/tmp"};
    int file = -1, cause = 0;
    if (n_bytes == 0) n_bytes = 1;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && file < 0; i++) {
        if (folders[i]) file = make_file(folders[i], n_bytes, name);
        if (file < 0 && cause == 0) cause = errno;
    }
    NR_REQUIRE(file >= 0, NR_ERR_INTERNAL,
               "%zu bytes to share among the ranks of a node: no room in %s (%s), nor "
               "in $TMPDIR or /tmp",
               n_bytes, folder_of_memory, strerror(cause));
    void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    cause = errno;
    close(file);
    if (memory != MAP_FAILED) {
        *base = memory;
        return NR_OK;
    }
    unlink(name);
    return nr_fail(NR_ERR_INTERNAL, "%s: cannot be mapped: %s", name, strerror(cause));
}

nr_status nr_shared_attach(const char *name, size_t n_bytes, const void **base) {
    int file = open(name, O_RDONLY | O_CLOEXEC);
    void *memory =
        file < 0 ? MAP_FAILED
                 : mmap(NULL, n_bytes ? n_bytes : 1, PROT_READ, MAP_SHARED, file, 0);
    int cause = errno;
    if (file >= 0) close(file);
    NR_REQUIRE(memory != MAP_FAILED, NR_ERR_INTERNAL,
               "%s: memory shared by the ranks of this node cannot be mapped: %s", name,
               strerror(cause));
    *base = memory;
    return NR_OK;
}

void nr_shared_unname(const char *name) {
    unlink(name);
}

void nr_shared_drop(const void *base, size_t n_bytes) {
    munmap((void *)(uintptr_t)base, n_bytes ? n_bytes : 1);
}

/* ---- what killed processes left behind ---- */

enum { OLD_S = 2 }; /* younger files may still be on their way to being mapped */

/* Named by us, for a process that is no more. */
static bool is_own(const char *name) {
    long user, pid;
    unsigned number;
    char rest;
    return sscanf(name, "neurank.%ld.%ld.%u%c", &user, &pid, &number, &rest) == 3 &&
           user == (long)getuid() && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Open MPI's shared memory transport on this host: "vader_segment.<host>.<...>". */
static bool is_of_mpi(const char *name) {
    char host[64] = "", begin[96];
    gethostname(host, sizeof host - 1);
    int n = snprintf(begin, sizeof begin, "vader_segment.%s.", host);
    return strncmp(name, begin, (size_t)n) == 0;
}

static bool process_maps(const char *pid, const char *name) {
    char path[64], line[512];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
    FILE *maps = fopen(path, "re");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, name) != NULL;
    if (maps) fclose(maps);
    return found;
}

static bool is_mapped(const char *name) {
    bool found = false;
    struct dirent *entry;
    DIR *processes = opendir("/proc");
    if (!processes) return true;
    while (!found && (entry = readdir(processes)) != NULL)
        found = isdigit((unsigned char)entry->d_name[0]) &&
                process_maps(entry->d_name, name);
    closedir(processes);
    return found;
}

static bool is_left_over(int folder, const char *name) {
    struct stat info;
    if (!is_own(name) && !is_of_mpi(name)) return false;
    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(info.st_mode) && info.st_uid == getuid() &&
           time(NULL) - info.st_mtime >= OLD_S && !is_mapped(name);
}

void nr_shared_clean(void) {
    struct dirent *entry;
    DIR *files = opendir(folder_of_memory);
    if (!files) return;
    while ((entry = readdir(files)) != NULL)
        if (is_left_over(dirfd(files), entry->d_name))
            unlinkat(dirfd(files), entry->d_name, 0);
    closedir(files);
}

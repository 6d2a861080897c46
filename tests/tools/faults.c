/* A library to preload: it makes one call fail, the k-th of those that touch certain
 * files, in this program and in HDF5 alike; or lets the program stand still at each
 * checkpoint.
 *
 *   NR_FAULT_PATH   part of the paths to watch
 *   NR_FAULT_AT     number of the call, from 1; 0: none, only count
 *   NR_FAULT_KIND   an errno's name; "short": half of the bytes; "kill": SIGKILL instead;
 *                   "stand": no call fails, but all threads stop (SIGSTOP) until SIGCONT when
 *                   the one that computes has renamed a file to such a path, and each time
 *                   after that it starts a thread, which will write a checkpoint: so it stands
 *                   between two units, and the file is what the last thread has written
 *   NR_FAULT_FROM   1: that call and all that come later
 *   NR_FAULT_COUNT  file to write the number of calls to, at the end
 *
 * Watched are open, read, pread, write, pwrite, ftruncate, fsync, close, fcntl, rename
 * and unlink. close does close when it fails, as Linux does. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 1024 };

static struct {
    bool ready, from, kill, brief, stand, begun;
    const char *path;
    long at, calls;
    int error;
    bool watched[FILES];
} fault;

static int error_of(const char *name) {
    static const struct {
        const char *name;
        int error;
    } all[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT},
               {"EROFS", EROFS},   {"EACCES", EACCES}, {"ENOENT", ENOENT},
               {"ENOLCK", ENOLCK}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) return all[i].error;
    return EIO;
}

static void write_count(void) {
    const char *name = getenv("NR_FAULT_COUNT");
    char text[32];
    if (!name || !fault.path) return;
    fault.path = NULL;
    int n = snprintf(text, sizeof text, "%ld\n", fault.calls);
    int file = creat(name, 0600);
    if (file >= 0 && write(file, text, (size_t)n) != n) abort();
}

static void prepare(void) {
    const char *at = getenv("NR_FAULT_AT"), *kind = getenv("NR_FAULT_KIND");
    const char *from = getenv("NR_FAULT_FROM");
    if (fault.ready) return;
    fault.ready = true;
    fault.path = getenv("NR_FAULT_PATH");
    fault.at = at ? atol(at) : 0;
    fault.from = from && *from == '1';
    fault.kill = kind && strcmp(kind, "kill") == 0;
    fault.stand = kind && strcmp(kind, "stand") == 0;
    fault.brief = kind && strcmp(kind, "short") == 0;
    fault.error = error_of(kind ? kind : "EIO");
    atexit(write_count);
}

static bool watches(const char *path) {
    prepare();
    return fault.path && strstr(path, fault.path);
}

static bool watched(int file) {
    prepare();
    return fault.path && file >= 0 && file < FILES && fault.watched[file];
}

/* Is it this call's turn? */
static bool is_due(void) {
    long call = __atomic_add_fetch(&fault.calls, 1, __ATOMIC_SEQ_CST);
    if (fault.stand || fault.at == 0 || call < fault.at || (call > fault.at && !fault.from))
        return false;
    if (fault.kill) kill(getpid(), SIGKILL);
    errno = fault.error;
    return true;
}

/* A file was written, or soon will be. */
static void stand(void) {
    if (!fault.stand || gettid() != getpid()) return;
    fault.begun = true;
    kill(getpid(), SIGSTOP);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    bool mine = watches(path);
    if (mine && is_due() && !fault.brief) return -1;
    int file = REAL(open)(path, flags, mode);
    if (file >= 0 && file < FILES) fault.watched[file] = mine;
    return file;
}

int close(int file) {
    bool failed = watched(file) && is_due() && !fault.brief;
    if (file >= 0 && file < FILES) fault.watched[file] = false;
    int result = REAL(close)(file);
    if (failed) errno = fault.error;
    return failed ? -1 : result;
}

/* Bytes to move, or -1: the call fails. */
static long allowed(int file, size_t n) {
    if (!watched(file) || !is_due()) return (long)n;
    return fault.brief && n > 1 ? (long)(n / 2) : fault.brief ? (long)n : -1;
}

ssize_t write(int file, const void *bytes, size_t n) {
    long m = allowed(file, n);
    return m < 0 ? -1 : REAL(write)(file, bytes, (size_t)m);
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at) {
    long m = allowed(file, n);
    return m < 0 ? -1 : REAL(pwrite)(file, bytes, (size_t)m, at);
}

ssize_t read(int file, void *bytes, size_t n) {
    long m = allowed(file, n);
    return m < 0 ? -1 : REAL(read)(file, bytes, (size_t)m);
}

ssize_t pread(int file, void *bytes, size_t n, off_t at) {
    long m = allowed(file, n);
    return m < 0 ? -1 : REAL(pread)(file, bytes, (size_t)m, at);
}

int ftruncate(int file, off_t bytes) {
    if (watched(file) && is_due() && !fault.brief) return -1;
    return REAL(ftruncate)(file, bytes);
}

int fsync(int file) {
    if (watched(file) && is_due() && !fault.brief) return -1;
    return REAL(fsync)(file);
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (watched(file) && is_due() && !fault.brief) return -1;
    return REAL(fcntl)(file, command, argument);
}

int rename(const char *from, const char *to) {
    bool mine = watches(to);
    if (mine && is_due() && !fault.brief) return -1;
    int result = REAL(rename)(from, to);
    if (mine && result == 0) stand();
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*function)(void *), void *argument) {
    if (fault.begun) stand();
    return REAL(pthread_create)(thread, attributes, function, argument);
}

int unlink(const char *path) {
    if (watches(path) && is_due() && !fault.brief) return -1;
    return REAL(unlink)(path);
}

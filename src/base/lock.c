#include "neurank/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"

struct nr_lock {
    char *path;
    int file;
    bool held;
};

static const double ask_every_s = 0.1;

typedef enum { GOT, BUSY, NO_LOCKS, FAILED } attempt;

/* Is the locked file the one that stands at the path? Its last owner may have removed
 * it in between. */
static bool still_stands(const nr_lock *lock) {
    struct stat mine, there;
    return fstat(lock->file, &mine) == 0 && stat(lock->path, &there) == 0 &&
           mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

static attempt lock_file(nr_lock *lock) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lock->file, F_OFD_SETLK, &whole) == 0)
        return still_stands(lock) ? GOT : BUSY;
    if (errno == EAGAIN || errno == EACCES) return BUSY;
    bool missing =
        errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
    return missing ? NO_LOCKS : FAILED;
}

static attempt try_once(nr_lock *lock) {
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->file < 0) return FAILED;
    attempt result = lock_file(lock);
    if (result == GOT) return GOT;
    int cause = errno;
    close(lock->file);
    lock->file = -1;
    errno = cause;
    return result;
}

/* Line k of the file, always as long, so that a reader never sees parts of two. */
static void write_line(const nr_lock *lock, int k, const char *line) {
    char text[NR_LOCK_TEXT + 1];
    snprintf(text, sizeof text, "%-*.*s\n", NR_LOCK_TEXT - 1, NR_LOCK_TEXT - 1, line);
    if (pwrite(lock->file, text, NR_LOCK_TEXT, (off_t)k * NR_LOCK_TEXT) < 0) return;
}

static void read_line(int file, int k, char text[NR_LOCK_TEXT]) {
    ssize_t n = pread(file, text, NR_LOCK_TEXT - 1, (off_t)k * NR_LOCK_TEXT);
    if (n < 0) n = 0;
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n')) n--;
    text[n] = '\0';
}

/* ", job 17" where SLURM runs this. A task of an array goes by the array's number and
 * its own: the last one has the array's as its job, which to squeue means all tasks. */
static void name_job(char *text, size_t n) {
    const char *job = getenv("SLURM_JOB_ID");
    const char *array = getenv("SLURM_ARRAY_JOB_ID");
    const char *task = getenv("SLURM_ARRAY_TASK_ID");
    text[0] = '\0';
    if (job && array && task) snprintf(text, n, ", job %.32s_%.16s", array, task);
    else if (job) snprintf(text, n, ", job %.32s", job);
}

/* Who has it, for people; the lock holds without it. */
static void sign(const nr_lock *lock) {
    char text[NR_LOCK_TEXT], host[64] = "", when[NR_TIME_TEXT], job[64];
    name_job(job, sizeof job);
    gethostname(host, sizeof host - 1);
    nr_clock_text(when);
    snprintf(text, sizeof text, "process %ld on %s since %s%s", (long)getpid(), host,
             when, job);
    if (ftruncate(lock->file, 0) == 0) write_line(lock, 0, text);
}

static void read_owner(const char *path, char text[NR_LOCK_TEXT]) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    text[0] = '\0';
    if (file >= 0) {
        read_line(file, 0, text);
        close(file);
    }
    if (!*text) snprintf(text, NR_LOCK_TEXT, "another process");
}

static attempt wait_for(nr_lock *lock, const char *path, double wait_s) {
    const struct timespec moment = {.tv_nsec = (long)(ask_every_s * 1e9)};
    double end_s = nr_clock_s() + wait_s;
    char owner[NR_LOCK_TEXT];
    attempt result = try_once(lock);
    if (result == BUSY && wait_s > 0) {
        read_owner(lock->path, owner);
        nr_log(NR_LOG_INFO, "%s is being written by %s: waiting for it", path, owner);
    }
    while (result == BUSY && nr_clock_s() < end_s) {
        nanosleep(&moment, NULL);
        result = try_once(lock);
    }
    return result;
}

static nr_status report(attempt result, const nr_lock *lock, const char *path) {
    char owner[NR_LOCK_TEXT];
    if (result == FAILED)
        return nr_fail(NR_ERR_STORE, "%s: cannot be written: its lock %s: %s", path,
                       lock->path, strerror(errno));
    read_owner(lock->path, owner);
    return nr_fail(NR_ERR_STORE, "%s: cannot be written: another run is writing it, %s",
                   path, owner);
}

nr_status nr_lock_take(const char *path, double wait_s, nr_lock **out) {
    nr_lock *lock;
    size_t bytes = strlen(path) + sizeof ".lock";
    if (!NR_NEW(lock, 1)) return NR_ERR_INTERNAL;
    lock->file = -1;
    lock->path = nr_new(bytes, 1);
    if (!lock->path) {
        nr_lock_free(lock);
        return NR_ERR_INTERNAL;
    }
    snprintf(lock->path, bytes, "%s.lock", path);
    attempt result = wait_for(lock, path, wait_s);
    if (result == BUSY || result == FAILED) {
        nr_status status = report(result, lock, path);
        nr_lock_free(lock);
        return status;
    }
    lock->held = result == GOT;
    if (lock->held) sign(lock);
    else
        nr_log(NR_LOG_WARNING,
               "%s: its file system has no locks: a second run on it is noticed only "
               "when it writes",
               path);
    *out = lock;
    return NR_OK;
}

bool nr_lock_is_held(const nr_lock *lock) {
    return lock->held;
}

void nr_lock_note(const nr_lock *lock, const char *line) {
    if (lock && lock->held) write_line(lock, 1, line);
}

bool nr_lock_look(const char *path, char owner[NR_LOCK_TEXT], char note[NR_LOCK_TEXT]) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    size_t bytes = strlen(path) + sizeof ".lock";
    char *name = nr_new(bytes, 1);
    owner[0] = note[0] = '\0';
    if (!name) return false;
    snprintf(name, bytes, "%s.lock", path);
    int file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    free(name);
    if (file < 0) return false;
    bool held = fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (held) {
        read_line(file, 0, owner);
        read_line(file, 1, note);
    }
    close(file);
    return held;
}

void nr_lock_free(nr_lock *lock) {
    if (!lock) return;
    if (lock->held && lock->path) unlink(lock->path);
    if (lock->file >= 0) close(lock->file);
    free(lock->path);
    free(lock);
}

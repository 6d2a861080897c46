#include "neurank/base/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"

extern char **environ;

/* What is read: into room that is there, or that grows. */
typedef struct {
    char *text;
    size_t used, room; /* with the end of the string */
    bool grows;
} answer;

/* in: -1 for nothing. */
static int start(const char *const *argv, bool silent, int in, int out, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    if (in < 0)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                         0);
    else posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (silent)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
                                         0);
    /* argv is only read: POSIX has it without const for old callers. */
    char *const *words = (char *const *)(const void *)argv;
    int failed = posix_spawnp(pid, argv[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    errno = failed;
    return failed ? -1 : 0;
}

/* False: there is no memory for more, or nobody wants that much. */
static bool make_room(answer *a) {
    size_t needed = a->used + 2;
    if (!a->grows || needed <= a->room) return true;
    if (needed > NR_COMMAND_TEXT_MAX) {
        errno = EFBIG;
        return false;
    }
    if (nr_grow((void **)&a->text, &a->room, needed, 1) == NR_OK) return true;
    errno = ENOMEM;
    return false;
}

/* Until the other side closes, or it is too late. What does not fit is dropped. */
static bool read_all(int from, double end_s, answer *a) {
    char rest[256];
    for (;;) {
        struct pollfd ready = {.fd = from, .events = POLLIN};
        double left_s = end_s - nr_clock_s();
        errno = ETIMEDOUT;
        if (left_s <= 0) return false;
        int found = poll(&ready, 1, (int)(left_s * 1000) + 1);
        if (found < 0 && errno != EINTR) return false;
        if (found <= 0) continue;
        if (!make_room(a)) return false;
        bool room = a->used + 1 < a->room;
        ssize_t got = read(from, room ? a->text + a->used : rest,
                           room ? a->room - 1 - a->used : sizeof rest);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return true;
        if (room) a->used += (size_t)got;
    }
}

static int run(const char *const *argv, double limit_s, bool silent, int in,
               answer *a) {
    int ends[2], state = 0, cause = 0;
    pid_t pid = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    bool good = start(argv, silent, in, ends[1], &pid) == 0;
    bool started = good;
    if (!good) cause = errno;
    close(ends[1]);
    if (started) {
        good = read_all(ends[0], nr_clock_s() + limit_s, a);
        if (!good) cause = errno;
    }
    close(ends[0]);
    if (started) {
        if (!good) kill(pid, SIGKILL);
        while (waitpid(pid, &state, 0) < 0 && errno == EINTR) continue;
    }
    /* So a child ends that posix_spawn could not make the program any more. */
    bool absent = good && WIFEXITED(state) && WEXITSTATUS(state) == 127;
    errno = absent ? ENOENT : cause;
    return good && !absent && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

int nr_command_run(const char *const *argv, double limit_s, bool silent, char *text,
                   size_t n) {
    answer a = {.text = text, .room = n};
    text[0] = '\0';
    int code = run(argv, limit_s, silent, -1, &a);
    text[a.used] = '\0';
    return code;
}

/* A file in memory, which no reader has to be waited for. */
static int file_of(const char *input, size_t n) {
    int file = memfd_create("input", MFD_CLOEXEC);
    for (size_t done = 0; file >= 0 && done < n;) {
        ssize_t wrote = write(file, input + done, n - done);
        if (wrote > 0) done += (size_t)wrote;
        else if (errno != EINTR) {
            close(file);
            return -1;
        }
    }
    if (file >= 0) lseek(file, 0, SEEK_SET);
    return file;
}

int nr_command_filter(const char *const *argv, double limit_s, const char *input,
                      size_t n_input, char **text) {
    answer a = {.grows = true};
    *text = NULL;
    int in = file_of(input, n_input);
    if (in < 0) return -1;
    int code = make_room(&a) ? run(argv, limit_s, false, in, &a) : -1;
    int cause = errno;
    close(in);
    if (a.text) a.text[a.used] = '\0';
    *text = a.text;
    errno = cause;
    return code;
}

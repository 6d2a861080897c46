#include "neurank/base/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "neurank/base/clock.h"

extern char **environ;

static int start(const char *const *argv, bool silent, int out, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
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

/* Until the other side closes, or it is too late. What does not fit is dropped. */
static bool read_all(int from, double end_s, char *text, size_t n) {
    char rest[256];
    size_t used = 0;
    for (;;) {
        struct pollfd ready = {.fd = from, .events = POLLIN};
        double left_s = end_s - nr_clock_s();
        if (left_s <= 0 || poll(&ready, 1, (int)(left_s * 1000) + 1) < 0) break;
        if (!ready.revents) continue;
        bool room = used + 1 < n;
        ssize_t got =
            read(from, room ? text + used : rest, room ? n - 1 - used : sizeof rest);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (room) used += (size_t)got;
    }
    text[used] = '\0';
    return nr_clock_s() < end_s;
}

int nr_command_run(const char *const *argv, double limit_s, bool silent, char *text,
                   size_t n) {
    int ends[2], state = 0;
    pid_t pid = -1;
    text[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    int failed = start(argv, silent, ends[1], &pid);
    int cause = errno;
    close(ends[1]);
    bool in_time = !failed && read_all(ends[0], nr_clock_s() + limit_s, text, n);
    close(ends[0]);
    if (!failed) {
        if (!in_time) kill(pid, SIGKILL);
        while (waitpid(pid, &state, 0) < 0 && errno == EINTR) continue;
        cause = in_time ? 0 : ETIMEDOUT;
    }
    errno = cause;
    return !failed && in_time && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

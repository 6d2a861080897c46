#include "neurank/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    pthread_mutex_t mutex;
    bool quiet;
    bool bar_shown;
    nr_log_sink *sink;
    void *context;
} the_log = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool silent, mild;

static void make_printable(char *line) {
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
}

/* The mutex is held. */
static void show_bar(const char *text) {
    if (the_log.quiet || (!*text && !the_log.bar_shown)) return;
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    the_log.bar_shown = *text != '\0';
}

static void print(nr_log_level level, const char *line) {
    static const char *const prefix[] = {"", "warning: ", "error: "};
    if (the_log.sink) {
        the_log.sink(the_log.context, level, line);
        return;
    }
    show_bar("");
    fprintf(stderr, "neurank: %s%s\n", prefix[level], line);
}

void nr_log(nr_log_level level, const char *format, ...) {
    char line[NR_LOG_LINE];
    if (silent || (the_log.quiet && level != NR_LOG_ERROR)) return;
    if (mild && level == NR_LOG_ERROR) level = NR_LOG_WARNING;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    make_printable(line);
    pthread_mutex_lock(&the_log.mutex);
    print(level, line);
    pthread_mutex_unlock(&the_log.mutex);
}

void nr_log_set_quiet(bool quiet) {
    the_log.quiet = quiet;
}

void nr_log_set_silent(bool value) {
    silent = value;
}

void nr_log_set_mild(bool value) {
    mild = value;
}

void nr_log_bar(const char *text) {
    pthread_mutex_lock(&the_log.mutex);
    show_bar(text);
    pthread_mutex_unlock(&the_log.mutex);
}

void nr_log_set_sink(nr_log_sink *sink, void *context) {
    the_log.sink = sink;
    the_log.context = context;
}

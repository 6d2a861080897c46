#include "neurank/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    bool quiet, silent;
    bool bar_shown;
    nr_log_sink *sink;
    void *context;
} the_log;

static void make_printable(char *line) {
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
}

void nr_log(nr_log_level level, const char *format, ...) {
    static const char *const prefix[] = {"", "warning: ", "error: "};
    char line[NR_LOG_LINE];
    if (the_log.silent || (the_log.quiet && level != NR_LOG_ERROR)) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    make_printable(line);
    if (the_log.sink) {
        the_log.sink(the_log.context, level, line);
        return;
    }
    nr_log_bar("");
    fprintf(stderr, "neurank: %s%s\n", prefix[level], line);
}

void nr_log_set_quiet(bool quiet) {
    the_log.quiet = quiet;
}

void nr_log_set_silent(bool silent) {
    the_log.silent = silent;
}

void nr_log_bar(const char *text) {
    if (the_log.quiet || (!*text && !the_log.bar_shown)) return;
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    the_log.bar_shown = *text != '\0';
}

void nr_log_set_sink(nr_log_sink *sink, void *context) {
    the_log.sink = sink;
    the_log.context = context;
}

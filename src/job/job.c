#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/command.h"
#include "neurank/base/memory.h"

static const double ask_s = 20;

/* The word behind `key` that SLURM may be asked about: digits, and those of a task of
 * an array. Anything else is none. */
static void take_id(const char *text, const char *key, char id[NR_JOB_ID]) {
    const char *at = strstr(text, key);
    size_t n = at ? strspn(at + strlen(key), "0123456789_") : 0;
    id[0] = '\0';
    if (n > 0 && n < NR_JOB_ID)
        snprintf(id, NR_JOB_ID, "%.*s", (int)n, at + strlen(key));
}

static char *job_file(const char *store) {
    size_t bytes = strlen(store) + sizeof ".job";
    char *path = nr_new(bytes, 1);
    if (path) snprintf(path, bytes, "%s.job", store);
    return path;
}

static void read_file(const char *store, char id[NR_JOB_ID]) {
    char text[NR_JOB_TEXT] = "";
    char *path = job_file(store);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    free(path);
    if (file < 0) return;
    ssize_t n = read(file, text, sizeof text - 1);
    close(file);
    text[n > 0 ? n : 0] = '\0';
    take_id(text, "job=", id);
}

void nr_job_find(const char *store, const char *owner, nr_job *out) {
    *out = (nr_job){0};
    take_id(owner, ", job ", out->id);
    if (!*out->id) read_file(store, out->id);
}

/* The part up to the next bar; behind it. */
static const char *take_field(const char *text, char *out, size_t n) {
    size_t length = strcspn(text, "|\n");
    snprintf(out, n, "%.*s", (int)length, text);
    return text[length] == '|' ? text + length + 1 : text + length;
}

void nr_job_ask(nr_job *job) {
    char text[512];
    const char *const argv[] = {"squeue", "-h",          "-j", job->id,
                                "-o",     "%T|%M|%l|%R", NULL};
    if (!*job->id) return;
    int code = nr_command_run(argv, ask_s, true, text, sizeof text);
    if (code < 0) return; /* no SLURM here, or it does not answer */
    if (code != 0 || !*text) {
        snprintf(job->state, sizeof job->state, "gone");
        return;
    }
    const char *rest = take_field(text, job->state, sizeof job->state);
    rest = take_field(rest, job->used, sizeof job->used);
    rest = take_field(rest, job->limit, sizeof job->limit);
    take_field(rest, job->where, sizeof job->where);
}

bool nr_job_is_alive(const nr_job *job) {
    return *job->state && strcmp(job->state, "gone") != 0 &&
           strncmp(job->state, "COMPLET", 7) != 0 &&
           strncmp(job->state, "CANCEL", 6) != 0 && strcmp(job->state, "FAILED") != 0 &&
           strcmp(job->state, "TIMEOUT") != 0;
}

nr_status nr_job_remember(const char *store, const char *id) {
    char *path = job_file(store);
    if (!path) return NR_ERR_INTERNAL;
    FILE *file = fopen(path, "we");
    bool good = file && fprintf(file, "job=%s\n", id) > 0;
    if (file && fclose(file) != 0) good = false;
    nr_status status = NR_OK;
    if (!good)
        status =
            nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
    return status;
}

/* What several commands are asked. Each command has a request of its own in the header
 * of its module, with these in it; it holds what the command reads and nothing else
 * (tests/tools/lint_requests.py). The command line fills it (cli/requests.c). Texts are
 * borrowed. *_given: somebody asked for what stands beside it. */
#ifndef NEURANK_RUN_REQUEST_H
#define NEURANK_RUN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *const *items; /* [n] */
    size_t n;
} nr_paths;

/* Fixed room, so that a request owns nothing. */
enum { NR_REQUEST_NUMBERS = 1024 };
typedef struct {
    double values[NR_REQUEST_NUMBERS];
    size_t n;
} nr_numbers;

/* A network and images. */
typedef struct {
    const char *model, *data;
    uint64_t images; /* so many of them, drawn by the seed; 0: all */
    uint64_t seed;   /* of all else that is drawn, too */
    const char *kernels;
} nr_input_request;

/* A store that a run fills. */
typedef struct {
    const char *path;
    const char *rescue; /* where results go that do not get there; NULL: by its name */
    bool fresh;         /* what is there is not gone on with */
    double checkpoint_s;
    bool checkpoint_given; /* else less often, where they cost much */
    double time_limit_s;   /* 0: none */
} nr_store_request;

#endif

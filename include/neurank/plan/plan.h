/* What a run computes: everything that its numbers depend on. Going on with a store
 * means that all of it is equal. What only says how far to go (sweeps, time) or how to
 * look at it (confidence) is no part of a plan.
 *
 * A plan is a struct: of a run and its layers (layer_plan.h), of a rating
 * (rating_plan.h), of curves (curve_plan.h). Here is what all have in common: a form, a
 * row a field, by which plans are copied, compared, named in messages, and turned into
 * the texts that a store holds and back. A field that is not a row is none.
 *
 * Weighed: a list of named texts, which was there before, and which every reader parses
 * again; a writer and a reader by hand for each struct, where a field that is forgotten
 * in one of them is a run that goes on with another one's sums.
 *
 * Texts of a plan are owned by it where nr_plan_copy or nr_plan_parse made it, which
 * nr_plan_clear ends; a caller that only describes a plan may borrow them. */
#ifndef NEURANK_PLAN_PLAN_H
#define NEURANK_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* Raised whenever the same plan would give other bits. */
enum { NR_NUMBERS_VERSION = 3 };

typedef enum {
    NR_FIELD_TEXT,   /* const char *; NULL: not known, "" in words */
    NR_FIELD_U64,    /* uint64_t */
    NR_FIELD_U32,    /* uint32_t */
    NR_FIELD_NUMBER, /* double */
    NR_FIELD_YES,    /* bool: "yes", "no" */
    NR_FIELD_WORD,   /* an enum: one of words */
    NR_FIELD_SHARD   /* nr_shard: "2/5", "none" */
} nr_field_type;

typedef struct {
    const char *name; /* in stores and messages */
    nr_field_type type;
    size_t offset;
    const char *const *words; /* [n_words] of NR_FIELD_WORD, by its values */
    unsigned n_words;
    bool late; /* plans of the oldest stores lack it; its text is NULL then */
} nr_plan_field;

typedef struct {
    const nr_plan_field *fields; /* [n], in the order in which they are stored */
    size_t n, bytes;             /* bytes: of the struct */
} nr_plan_form;

/* A plan of any kind; both are borrowed. */
typedef struct {
    const nr_plan_form *form;
    const void *plan;
} nr_plan;

/* What several plans have: what is run, and on which images. */
typedef struct {
    const char *model, *data; /* digests; data: of the images in their order */
    uint64_t images, seed;
} nr_plan_inputs;

/* And what its last bits depend on. */
typedef struct {
    const char *kernels; /* kind of this program's: "avx2", ... */
    uint64_t numbers;    /* NR_NUMBERS_VERSION */
    const char *blas;    /* kernels of OpenBLAS; NULL: by a version that did not note */
} nr_plan_arithmetic;

enum { NR_PLAN_TEXT = 64 };

/* A field in words, as it is stored: its text, a constant, or made in room. "" of a
 * text that is NULL. */
const char *nr_plan_words(nr_plan plan, const nr_plan_field *field,
                          char room[NR_PLAN_TEXT]);
/* The same of the field of that name; "" if there is none. */
const char *nr_plan_get(nr_plan plan, const char *name, char room[NR_PLAN_TEXT]);

/* Sets a field of *plan from its words; *good false, and nothing set, if they are none
 * of its type. NR_ERR_INTERNAL: no memory. */
nr_status nr_plan_parse(const nr_plan_field *field, const char *words, void *plan,
                        bool *good);
/* What words a field takes, for a message: "a whole number", "loss, accuracy, ...". */
void nr_plan_expects(const nr_plan_field *field, char *text, size_t bytes);

/* *to, which is overwritten, owns its texts; it is zero after a failure.
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_plan_copy(const nr_plan_form *form, const void *from, void *to);
/* Frees the texts of a plan that owns them; it is zero then. */
void nr_plan_clear(const nr_plan_form *form, void *plan);
/* Another text, copied, for one that the plan owns; value may be NULL.
 * NR_ERR_INTERNAL: no memory; the plan is as it was. */
nr_status nr_plan_replace(const char **text, const char *value);

/* Appends to text [bytes], cut there, every field that differs, with both values: "seed
 * is 1 there, 7 here; ..."; of `data` only what seed and number of images do not
 * explain. Both are of one form. of: whose plan it is, if there are several; else NULL.
 */
void nr_plan_differences(nr_plan stored, nr_plan wanted, const char *of, char *text,
                         size_t bytes);

#endif

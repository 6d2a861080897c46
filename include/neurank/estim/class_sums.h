/* API. The same estimate, class by class: exact sums over the images of each class.
 *
 * Every image belongs to one class, so the class-weighted mean of the values by class
 * is the value itself, to the last bit. Classes are held when they occur: the sums of
 * a unit of work know only the few classes of its images. */
#ifndef NEURANK_ESTIM_CLASS_SUMS_H
#define NEURANK_ESTIM_CLASS_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"
#include "neurank/base/wide.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NR_NO_CLASS UINT32_MAX

typedef struct nr_class_sums nr_class_sums;

/* new: of no class yet; n_classes: labels are below. NR_ERR_INTERNAL: no memory. clear:
 * of no class again, memory is kept. */
nr_status nr_class_sums_new(size_t n_players, size_t n_classes, nr_class_sums **out);
void nr_class_sums_free(nr_class_sums *sums);
void nr_class_sums_clear(nr_class_sums *sums);
/* n_classes. */
size_t nr_class_sums_classes(const nr_class_sums *sums);

/* Adds a visit of a block of this class. sum [n_players] in the fine unit; difference
 * [n_players] p_0 - p_1 of a sampled visit, NULL of an exact one. images: of the block.
 * False when there is no memory, the label is none, or a sum leaves its range; they are
 * spoilt then, here and below. */
bool nr_class_sums_add(nr_class_sums *sums, uint32_t label, uint32_t images,
                       const nr_wide *sum, const int64_t *difference);
/* The stratification group is complete: its differences are squared. */
bool nr_class_sums_end_group(nr_class_sums *sums);
/* Adds all of `from`, of the same players and classes; no group is open in either. */
bool nr_class_sums_merge(nr_class_sums *into, const nr_class_sums *from);
/* Makes `to` what `from` is, of the same players and classes; no group is open.
 * NR_ERR_INTERNAL: no memory; `to` is empty then. */
nr_status nr_class_sums_copy(const nr_class_sums *from, nr_class_sums *to);

/* ---- moving and storing ---- */
/* A class is its number, its image visits, and 4 rows of n_players words (sum, within).
 */
enum { NR_CLASS_WORDS = 4 };
/* words: those of n_present classes. encode: returns how many it has written. */
size_t nr_class_sums_words(size_t n_players, size_t n_present);
size_t nr_class_sums_encode(const nr_class_sums *sums, uint64_t *words);
/* Words read, of at most n; 0: not understood, or no memory. */
size_t nr_class_sums_decode(nr_class_sums *sums, const uint64_t *words, size_t n);

/* Image visits of a class; 0: the class has not occurred. */
uint64_t nr_class_sums_images(const nr_class_sums *sums, uint32_t label);
/* words [NR_CLASS_WORDS * n_players] of one class; zeros if it has not occurred. */
void nr_class_sums_get(const nr_class_sums *sums, uint32_t label, uint64_t *words);
/* The way back. NR_ERR_INTERNAL: no memory, or no such label. */
nr_status nr_class_sums_set(nr_class_sums *sums, uint32_t label, uint64_t images,
                            const uint64_t *words);

/* Do the classes' sums add up to `sum` [n_players] and the visits to `images`? */
bool nr_class_sums_match(const nr_class_sums *sums, const nr_wide *sum,
                         uint64_t images);

/* Of one player: NAN where the class has not occurred. */
void nr_class_sums_estimate(const nr_class_sums *sums, uint32_t label, size_t player,
                            double *shapley, double *std_error);

#ifdef __cplusplus
}
#endif

#endif

/* Evaluation images with labels, as one process reads them and as all use them.
 *
 * On disk (made by `neurank import`, or by hand with h5py):
 *
 *   /images  (n, c, h, w)  uint8 or float32;  attributes scale, mean, std
 *   /labels  (n)           any integer type, 0 .. classes - 1
 *
 * A network sees (pixel * scale - mean) / std; each attribute is one number or one a
 * channel, and absent means 1, 0, 1.
 *
 * One process opens the file and reads the chosen images; their raw bytes and the small
 * header may then live in memory shared by a node (nr_images_pack, nr_images_unpack).
 * Nothing changes after that: any thread may read.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_DATASET_IMAGES_H
#define NEURANK_DATASET_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/digest.h"
#include "neurank/nn/graph.h"

typedef struct nr_images nr_images;

typedef struct {
    size_t wanted; /* a class-balanced subset of that many images; 0: all */
    uint64_t seed; /* chooses the subset and the order */
    bool shuffled; /* in a random order, else in the file's */
} nr_selection;

/* Opens, checks against the network's input and class count, selects and reads. The
 * caller owns *out and the raw memory in it; path and graph are not kept. NR_ERR_INPUT:
 * the file cannot be read, or is not as above, does not fit the network, has a label
 * that is no class of it or a pixel that is not finite. NR_ERR_USAGE: more images are
 * wanted than there are. */
nr_status nr_images_load(const char *path, const nr_graph *graph,
                         nr_selection selection, nr_images **out);
void nr_images_free(nr_images *images);

/* Images that were selected, and that the file has. */
size_t nr_images_count(const nr_images *images);
size_t nr_images_in_file(const nr_images *images);
/* Position in the file of image i. */
uint32_t nr_images_index(const nr_images *images, size_t i);
/* [count], the images'. */
const uint32_t *nr_images_labels(const nr_images *images);
/* Of shape, type, normalisation, positions, labels and pixels of the selected images;
 * the text is the images'. */
const char *nr_images_digest(const nr_images *images);

/* Images [first, first + count) as the network reads them, normalised and channels
 * last: out [count, h, w, c]. */
void nr_images_read(const nr_images *images, size_t first, size_t count, float *out);

/* ---- moving ---- */
/* Everything but the pixels, as bytes owned by the caller (free). */
nr_status nr_images_pack(const nr_images *images, void **out, size_t *n_bytes);
/* pixels, as nr_images_pixels gives them, are borrowed for the life of *out. The bytes
 * are nr_images_pack's of this very program: they are not checked. */
nr_status nr_images_unpack(const void *bytes, size_t n_bytes, const void *pixels,
                           nr_images **out);
/* [count, c, h, w] uint8 or float32 as in the file, the images' or whom they have it
 * of; n_bytes in all. */
const void *nr_images_pixels(const nr_images *images, size_t *n_bytes);

#endif

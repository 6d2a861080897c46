/* Digests of inputs and plans: XXH3, 128 bits. They tell files apart; they are no
 * protection against somebody who wants two files to look alike: XXH3 is no
 * cryptographic hash, and two inputs with one digest can be made. The same bytes have
 * the same digest on every machine, in however many pieces they are added.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_BASE_DIGEST_H
#define NEURANK_BASE_DIGEST_H

#include <stddef.h>

#include "neurank/base/status.h"

enum { NR_DIGEST_TEXT = 33 }; /* 32 hexadecimal digits and the end */

typedef struct nr_digest nr_digest;

/* new: of no bytes yet. add: these, behind those before. text: the digest of all so
 * far; more may be added after it. */
nr_status nr_digest_new(nr_digest **out);
void nr_digest_add(nr_digest *digest, const void *bytes, size_t n_bytes);
void nr_digest_text(const nr_digest *digest, char text[NR_DIGEST_TEXT]);
void nr_digest_free(nr_digest *digest);

/* Of these bytes alone. */
void nr_digest_of(const void *bytes, size_t n_bytes, char text[NR_DIGEST_TEXT]);

#endif

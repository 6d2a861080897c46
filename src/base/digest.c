#include "neurank/base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "neurank/base/memory.h"

struct nr_digest {
    XXH3_state_t *state;
};

nr_status nr_digest_new(nr_digest **out) {
    nr_digest *digest;
    if (!NR_NEW(digest, 1)) return NR_ERR_INTERNAL;
    digest->state = XXH3_createState();
    if (!digest->state) {
        free(digest);
        return nr_fail(NR_ERR_INTERNAL, "out of memory for a digest");
    }
    XXH3_128bits_reset(digest->state);
    *out = digest;
    return NR_OK;
}

void nr_digest_add(nr_digest *digest, const void *bytes, size_t n_bytes) {
    XXH3_128bits_update(digest->state, bytes, n_bytes);
}

static void write_hash(XXH128_hash_t hash, char text[NR_DIGEST_TEXT]) {
    snprintf(text, NR_DIGEST_TEXT, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

void nr_digest_text(const nr_digest *digest, char text[NR_DIGEST_TEXT]) {
    write_hash(XXH3_128bits_digest(digest->state), text);
}

void nr_digest_free(nr_digest *digest) {
    if (!digest) return;
    XXH3_freeState(digest->state);
    free(digest);
}

void nr_digest_of(const void *bytes, size_t n_bytes, char text[NR_DIGEST_TEXT]) {
    write_hash(XXH3_128bits(bytes, n_bytes), text);
}

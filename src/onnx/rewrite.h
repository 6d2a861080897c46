/* Changes of a model's messages that keep it whole: a constant that a node reads is
 * replaced, and what nobody reads any more goes.
 *
 *   initialiser w --+--> conv1          conv1 reads "w_kept", a copy that may be
 * changed;
 *                   +--> conv2          conv2 still reads "w"
 *
 * A constant with one reader keeps its name, so that weights are found under it; and so
 * does the first copy when in the end nobody reads the original. */
#ifndef NEURANK_ONNX_REWRITE_H
#define NEURANK_ONNX_REWRITE_H

#include "import_private.h"

/* A copy that got another name because its original has more readers. */
typedef struct {
    NrOnnx__NodeProto *reader;
    size_t input;
    NrOnnx__TensorProto *copy;
    char *original; /* owned */
} nr_renamed;

typedef struct {
    nr_import *import; /* of this model, built */
    NrOnnx__ModelProto *model;
    bool *gone; /* [nodes] to be removed */
    nr_renamed *renamed;
    size_t n_renamed, renamed_capacity;
} nr_rewrite;

nr_status nr_rewrite_begin(nr_import *import, NrOnnx__ModelProto *model,
                           nr_rewrite *out);
/* A copy of constant input k of a node, read by it alone; the copy belongs to the
 * model.
 */
nr_status nr_rewrite_own(nr_rewrite *rewrite, NrOnnx__NodeProto *node, size_t k,
                         NrOnnx__TensorProto **out);
/* Removes what became useless, brings external weights in, and declares initialisers as
 * inputs where the file's version wants it. */
nr_status nr_rewrite_finish(nr_rewrite *rewrite);
void nr_rewrite_end(nr_rewrite *rewrite);

/* Adds an entry to the metadata, or replaces that of the same key. */
nr_status nr_rewrite_remark(NrOnnx__ModelProto *model, const char *key,
                            const char *value);

#endif

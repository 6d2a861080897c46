#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import_private.h"

enum { ATTRIBUTES_MAX = 64 };

const NrOnnx__AttributeProto *nr_attr_find(nr_op_reader *op, const char *name) {
    for (size_t i = 0; i < op->node->n_attribute && i < ATTRIBUTES_MAX; i++) {
        const NrOnnx__AttributeProto *a = op->node->attribute[i];
        if (!a->name || strcmp(a->name, name) != 0) continue;
        op->asked |= UINT64_C(1) << i;
        return a;
    }
    return NULL;
}

static nr_status wrong_type(const nr_op_reader *op, const char *name,
                            const char *wanted) {
    return NR_NODE_FAIL(op, "attribute \"%s\" is not %s", name, wanted);
}

nr_status nr_attr_int(nr_op_reader *op, const char *name, int64_t preset,
                      int64_t *out) {
    const NrOnnx__AttributeProto *a = nr_attr_find(op, name);
    if (a && !a->has_i) return wrong_type(op, name, "an integer");
    *out = a ? a->i : preset;
    return NR_OK;
}

nr_status nr_attr_float(nr_op_reader *op, const char *name, float preset, float *out) {
    const NrOnnx__AttributeProto *a = nr_attr_find(op, name);
    if (a && !a->has_f) return wrong_type(op, name, "a number");
    *out = a ? a->f : preset;
    NR_NODE_REQUIRE(isfinite(*out), op,
                    "attribute \"%s\" is %f, numbers must be finite", name,
                    (double)*out);
    return NR_OK;
}

nr_status nr_attr_string(nr_op_reader *op, const char *name, const char *preset,
                         char *out, size_t out_bytes) {
    const NrOnnx__AttributeProto *a = nr_attr_find(op, name);
    if (a && !a->has_s) return wrong_type(op, name, "a string");
    int length = a ? (int)(a->s.len < out_bytes ? a->s.len : out_bytes - 1)
                   : (int)strlen(preset);
    snprintf(out, out_bytes, "%.*s", length, a ? (const char *)a->s.data : preset);
    return NR_OK;
}

nr_status nr_attr_ints(nr_op_reader *op, const char *name, const int64_t **values,
                       size_t *n) {
    const NrOnnx__AttributeProto *a = nr_attr_find(op, name);
    if (a && a->n_ints == 0 &&
        a->type != NR_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS)
        return wrong_type(op, name, "a list of integers");
    *values = a ? a->ints : NULL;
    *n = a ? a->n_ints : 0;
    return NR_OK;
}

nr_status nr_attr_done(const nr_op_reader *op) {
    for (size_t i = 0; i < op->node->n_attribute; i++)
        if (i >= ATTRIBUTES_MAX || !(op->asked >> i & 1))
            return NR_NODE_FAIL(
                op, "attribute \"%s\" is not supported",
                op->node->attribute[i]->name ? op->node->attribute[i]->name : "");
    return NR_OK;
}

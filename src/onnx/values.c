#include <math.h>
#include <string.h>

#include "import_private.h"
#include "neurank/base/memory.h"

const nr_value *nr_value_find(const nr_import *import, const char *name) {
    for (size_t i = import->n_values; i-- > 0;) /* latest first: mostly what is asked */
        if (strcmp(import->values[i].name, name) == 0) return &import->values[i];
    return NULL;
}

nr_status nr_value_add(nr_import *import, nr_value value) {
    nr_status status = nr_grow((void **)&import->values, &import->values_capacity,
                               import->n_values + 1, sizeof *import->values);
    if (status == NR_OK && nr_value_find(import, value.name))
        status = nr_fail(NR_ERR_INPUT, "%s: the name \"%s\" is defined twice",
                         import->path, value.name);
    if (status != NR_OK) {
        nr_tensor_free(&value.decoded);
        return status;
    }
    import->values[import->n_values++] = value;
    return NR_OK;
}

bool nr_op_has_input(const nr_op_reader *op, size_t k) {
    return k < op->node->n_input && op->node->input[k][0] != '\0';
}

static nr_status input_value(const nr_op_reader *op, size_t k, const nr_value **out) {
    NR_NODE_REQUIRE(nr_op_has_input(op, k), op, "input %zu is missing", k);
    *out = nr_value_find(op->import, op->node->input[k]);
    NR_NODE_REQUIRE(*out, op, "input \"%s\" is not defined before it",
                    op->node->input[k]);
    return NR_OK;
}

bool nr_op_is_constant(const nr_op_reader *op, size_t k) {
    const nr_value *value =
        nr_op_has_input(op, k) ? nr_value_find(op->import, op->node->input[k]) : NULL;
    return value && value->is_constant;
}

nr_status nr_op_tensor(const nr_op_reader *op, size_t k, size_t rank_low,
                       size_t rank_high, const nr_value **out) {
    NR_TRY(input_value(op, k, out));
    NR_NODE_REQUIRE(!(*out)->is_constant, op,
                    "input \"%s\" is constant, a tensor that depends on the image is "
                    "expected",
                    op->node->input[k]);
    NR_NODE_REQUIRE((*out)->rank >= rank_low && (*out)->rank <= rank_high, op,
                    "input \"%s\" has %zu dimensions, %zu to %zu are supported",
                    op->node->input[k], (*out)->rank, rank_low, rank_high);
    return NR_OK;
}

static nr_status copy_tensor(const nr_tensor *from, nr_tensor *out) {
    *out = *from;
    out->floats = NULL;
    out->ints = NULL;
    if (from->floats && !NR_NEW(out->floats, from->count)) return NR_ERR_INTERNAL;
    if (from->ints && !NR_NEW(out->ints, from->count)) return NR_ERR_INTERNAL;
    if (from->floats)
        memcpy(out->floats, from->floats, from->count * sizeof *from->floats);
    if (from->ints) memcpy(out->ints, from->ints, from->count * sizeof *from->ints);
    return NR_OK;
}

nr_status nr_op_constant(const nr_op_reader *op, size_t k, nr_tensor *out) {
    const nr_value *value;
    NR_TRY(input_value(op, k, &value));
    NR_NODE_REQUIRE(value->is_constant, op,
                    "input \"%s\" depends on the image, a constant is expected",
                    op->node->input[k]);
    if (!value->encoded) return copy_tensor(&value->decoded, out);
    return nr_tensor_decode(op->import->path, value->encoded, op->import->digest, out);
}

nr_status nr_op_integers(const nr_op_reader *op, size_t k, nr_tensor *out) {
    NR_TRY(nr_op_constant(op, k, out));
    if (out->ints && out->rank <= 1) return NR_OK;
    nr_tensor_free(out);
    return NR_NODE_FAIL(op, "input \"%s\" is not a list of integers",
                        op->node->input[k]);
}

nr_status nr_op_scalar(const nr_op_reader *op, size_t k, float preset, float *out) {
    nr_tensor tensor;
    *out = preset;
    if (!nr_op_has_input(op, k)) return NR_OK;
    NR_TRY(nr_op_constant(op, k, &tensor));
    bool good = tensor.floats && tensor.count == 1;
    if (good) *out = tensor.floats[0];
    nr_tensor_free(&tensor);
    NR_NODE_REQUIRE(good, op, "input \"%s\" is not one number", op->node->input[k]);
    return NR_OK;
}

nr_label nr_op_label(const nr_op_reader *op, const char *weights) {
    return (nr_label){
        .name = op->name, .output_name = op->node->output[0], .short_name = weights};
}

nr_status nr_op_result(const nr_op_reader *op, uint32_t node, size_t rank) {
    for (size_t i = 1; i < op->node->n_output; i++) {
        const char *name = op->node->output[i];
        bool dropout_mask = strcmp(op->node->op_type, "Dropout") == 0;
        bool batch_norm = strcmp(op->node->op_type, "BatchNormalization") == 0;
        NR_NODE_REQUIRE(!name[0] || dropout_mask || batch_norm, op,
                        "output \"%s\" is not supported, only the first one is", name);
    }
    return nr_value_add(
        op->import,
        (nr_value){.name = op->node->output[0], .node = node, .rank = rank});
}

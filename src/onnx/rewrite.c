#include "rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "slice.h"

/* From this version of the file format on, initialisers need not be inputs. */
enum { IR_WITHOUT_INPUTS = 4 };

static NrOnnx__GraphProto *graph_of(const nr_rewrite *rw) {
    return rw->model->graph;
}

/* Replaces a string that protobuf-c owns. */
static nr_status set_text(char **text, const char *value) {
    char *copy = nr_strdup(value);
    if (!copy) return NR_ERR_INTERNAL;
    if (*text != protobuf_c_empty_string) free(*text);
    *text = copy;
    return NR_OK;
}

/* Makes room for one more pointer at the end of a repeated field. */
static nr_status extend(void *field, size_t n) {
    void **old, **grown;
    memcpy(&old, field, sizeof old);
    if (!NR_NEW(grown, n + 1)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) grown[i] = old[i];
    free(old);
    memcpy(field, &grown, sizeof grown);
    return NR_OK;
}

/* ---- who reads what ---- */

static size_t count_readers(const nr_rewrite *rw, const char *name) {
    const NrOnnx__GraphProto *g = graph_of(rw);
    size_t n = 0;
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; !rw->gone[i] && k < g->node[i]->n_input; k++)
            n += strcmp(g->node[i]->input[k], name) == 0;
    for (size_t i = 0; i < g->n_output; i++) n += strcmp(g->output[i]->name, name) == 0;
    return n;
}

static bool find_initialiser(const nr_rewrite *rw, const char *name, size_t *at) {
    const NrOnnx__GraphProto *g = graph_of(rw);
    for (*at = 0; *at < g->n_initializer; ++*at)
        if (strcmp(g->initializer[*at]->name, name) == 0) return true;
    return false;
}

/* The node that makes a constant: a Constant, or an Identity of one. */
static bool find_maker(const nr_rewrite *rw, const char *name, size_t *at) {
    const NrOnnx__GraphProto *g = graph_of(rw);
    for (*at = 0; *at < g->n_node; ++*at)
        if (!rw->gone[*at] && g->node[*at]->n_output > 0 &&
            strcmp(g->node[*at]->output[0], name) == 0)
            return true;
    return false;
}

/* ---- copies ---- */

/* The constant as a message of its own, in its own type. */
static nr_status copy_constant(const nr_rewrite *rw, const char *name,
                               NrOnnx__TensorProto **out) {
    const nr_value *value = nr_value_find(rw->import, name);
    NR_ASSERT(value && value->is_constant);
    size_t at;
    if (value->encoded) return nr_slice_copy(value->encoded, out);
    if (find_maker(rw, name, &at)) {
        const NrOnnx__NodeProto *node = graph_of(rw)->node[at];
        for (size_t i = 0; i < node->n_attribute; i++)
            if (node->attribute[i]->t) return nr_slice_copy(node->attribute[i]->t, out);
    }
    return nr_slice_encode(&value->decoded, out);
}

static nr_status free_name(const nr_rewrite *rw, const char *name, char **out) {
    size_t bytes = strlen(name) + 32, at;
    char *text = nr_new(bytes, 1);
    if (!text) return NR_ERR_INTERNAL;
    snprintf(text, bytes, "%s_kept", name);
    for (size_t k = 2; nr_value_find(rw->import, text) ||
                       find_initialiser(rw, text, &at) || count_readers(rw, text);
         k++)
        snprintf(text, bytes, "%s_kept_%zu", name, k);
    *out = text;
    return NR_OK;
}

static nr_status add_initialiser(nr_rewrite *rw, NrOnnx__TensorProto *tensor) {
    NrOnnx__GraphProto *g = graph_of(rw);
    NR_TRY(extend(&g->initializer, g->n_initializer));
    g->initializer[g->n_initializer++] = tensor;
    return NR_OK;
}

/* The only reader: the copy takes the place of what it was copied from. */
static nr_status replace(nr_rewrite *rw, const char *name, NrOnnx__TensorProto *copy) {
    size_t at;
    if (!find_initialiser(rw, name, &at)) {
        NR_TRY(add_initialiser(rw, copy));
        if (find_maker(rw, name, &at)) rw->gone[at] = true;
        return NR_OK;
    }
    NrOnnx__TensorProto *old = graph_of(rw)->initializer[at];
    char *text = old->name; /* the importer's values point at it, and at the tensor */
    old->name = copy->name;
    copy->name = text;
    for (size_t i = 0; i < rw->import->n_values; i++)
        if (rw->import->values[i].encoded == old) rw->import->values[i].encoded = copy;
    nr_onnx__tensor_proto__free_unpacked(old, NULL);
    graph_of(rw)->initializer[at] = copy;
    return NR_OK;
}

/* Several readers: the copy stands beside, under a name of its own. */
static nr_status stand_beside(nr_rewrite *rw, NrOnnx__NodeProto *node, size_t k,
                              NrOnnx__TensorProto *copy) {
    void *list = rw->renamed;
    char *name = NULL, *original = nr_strdup(node->input[k]);
    nr_status status = original ? NR_OK : NR_ERR_INTERNAL;
    if (status == NR_OK) status = free_name(rw, original, &name);
    if (status == NR_OK) status = set_text(&copy->name, name);
    if (status == NR_OK) status = set_text(&node->input[k], name);
    if (status == NR_OK)
        status = nr_grow(&list, &rw->renamed_capacity, rw->n_renamed + 1,
                         sizeof *rw->renamed);
    rw->renamed = list;
    if (status == NR_OK) status = add_initialiser(rw, copy);
    if (status == NR_OK)
        rw->renamed[rw->n_renamed++] = (nr_renamed){node, k, copy, original};
    else free(original);
    free(name);
    return status;
}

nr_status nr_rewrite_own(nr_rewrite *rw, NrOnnx__NodeProto *node, size_t k,
                         NrOnnx__TensorProto **out) {
    NrOnnx__TensorProto *copy;
    NR_TRY(copy_constant(rw, node->input[k], &copy));
    nr_status status = set_text(&copy->name, node->input[k]);
    if (status == NR_OK)
        status = count_readers(rw, node->input[k]) == 1
                     ? replace(rw, node->input[k], copy)
                     : stand_beside(rw, node, k, copy);
    if (status != NR_OK) nr_onnx__tensor_proto__free_unpacked(copy, NULL);
    *out = copy;
    return status;
}

static nr_status name_back(nr_rewrite *rw) {
    for (size_t i = 0; i < rw->n_renamed; i++) {
        const nr_renamed *r = &rw->renamed[i];
        size_t at;
        bool taken =
            find_initialiser(rw, r->original, &at) || find_maker(rw, r->original, &at);
        if (taken) continue;
        NR_TRY(set_text(&r->copy->name, r->original));
        NR_TRY(set_text(&r->reader->input[r->input], r->original));
    }
    return NR_OK;
}

/* ---- what is useless ---- */

static bool makes_constant(const nr_rewrite *rw, const NrOnnx__NodeProto *node) {
    const nr_value *value =
        node->n_output ? nr_value_find(rw->import, node->output[0]) : NULL;
    return value && value->is_constant;
}

/* From the last one on, so that chains of them go at once. */
static void drop_nodes(nr_rewrite *rw) {
    NrOnnx__GraphProto *g = graph_of(rw);
    size_t kept = 0;
    for (size_t i = g->n_node; i-- > 0;)
        if (!rw->gone[i] && makes_constant(rw, g->node[i]) &&
            count_readers(rw, g->node[i]->output[0]) == 0)
            rw->gone[i] = true;
    for (size_t i = 0; i < g->n_node; i++) {
        if (rw->gone[i]) nr_onnx__node_proto__free_unpacked(g->node[i], NULL);
        else g->node[kept++] = g->node[i];
    }
    memset(rw->gone, 0, g->n_node * sizeof *rw->gone);
    g->n_node = kept;
}

static void drop_initialisers(nr_rewrite *rw) {
    NrOnnx__GraphProto *g = graph_of(rw);
    size_t kept = 0, inputs = 0, at;
    for (size_t i = 0; i < g->n_input; i++) { /* of those that go */
        const char *name = g->input[i]->name;
        if (find_initialiser(rw, name, &at) && count_readers(rw, name) == 0)
            nr_onnx__value_info_proto__free_unpacked(g->input[i], NULL);
        else g->input[inputs++] = g->input[i];
    }
    g->n_input = inputs;
    for (size_t i = 0; i < g->n_initializer; i++) {
        if (count_readers(rw, g->initializer[i]->name) == 0)
            nr_onnx__tensor_proto__free_unpacked(g->initializer[i], NULL);
        else g->initializer[kept++] = g->initializer[i];
    }
    g->n_initializer = kept;
}

static void drop_inner_shapes(nr_rewrite *rw) {
    NrOnnx__GraphProto *g = graph_of(rw);
    for (size_t i = 0; i < g->n_value_info; i++)
        nr_onnx__value_info_proto__free_unpacked(g->value_info[i], NULL);
    free(g->value_info);
    g->value_info = NULL;
    g->n_value_info = 0;
}

/* ---- initialisers as inputs ---- */

/* The declaration of a tensor, as protobuf-c reads it. */
static nr_status declaration(const NrOnnx__TensorProto *t,
                             NrOnnx__ValueInfoProto **out) {
    NrOnnx__TensorShapeProto__Dimension dims[NR_TENSOR_RANK], *dim[NR_TENSOR_RANK];
    NrOnnx__TensorShapeProto shape = NR_ONNX__TENSOR_SHAPE_PROTO__INIT;
    NrOnnx__TypeProto__Tensor tensor = NR_ONNX__TYPE_PROTO__TENSOR__INIT;
    NrOnnx__TypeProto type = NR_ONNX__TYPE_PROTO__INIT;
    NrOnnx__ValueInfoProto info = NR_ONNX__VALUE_INFO_PROTO__INIT;
    NR_ASSERT(t->n_dims <= NR_TENSOR_RANK);
    for (size_t d = 0; d < t->n_dims; d++) {
        nr_onnx__tensor_shape_proto__dimension__init(&dims[d]);
        dims[d].value_case = NR_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dims[d].dim_value = t->dims[d];
        dim[d] = &dims[d];
    }
    shape.n_dim = t->n_dims;
    shape.dim = dim;
    tensor.has_elem_type = 1;
    tensor.elem_type = t->data_type;
    tensor.shape = &shape;
    type.value_case = NR_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type.tensor_type = &tensor;
    info.name = t->name;
    info.type = &type;
    size_t n = nr_onnx__value_info_proto__get_packed_size(&info);
    uint8_t *bytes = nr_new(n, 1);
    if (!bytes) return NR_ERR_INTERNAL;
    nr_onnx__value_info_proto__pack(&info, bytes);
    *out = nr_onnx__value_info_proto__unpack(NULL, n, bytes);
    free(bytes);
    NR_REQUIRE(*out, NR_ERR_INTERNAL, "no memory for a declaration of %zu bytes", n);
    return NR_OK;
}

static nr_status declare(nr_rewrite *rw, const NrOnnx__TensorProto *t) {
    NrOnnx__GraphProto *g = graph_of(rw);
    NrOnnx__ValueInfoProto *info;
    size_t at = 0;
    while (at < g->n_input && strcmp(g->input[at]->name, t->name) != 0) at++;
    if (at == g->n_input && rw->model->ir_version >= IR_WITHOUT_INPUTS) return NR_OK;
    NR_TRY(declaration(t, &info));
    if (at < g->n_input) {
        nr_onnx__value_info_proto__free_unpacked(g->input[at], NULL);
    } else if (extend(&g->input, g->n_input) != NR_OK) {
        nr_onnx__value_info_proto__free_unpacked(info, NULL);
        return NR_ERR_INTERNAL;
    } else {
        g->n_input++;
    }
    g->input[at] = info;
    return NR_OK;
}

/* ---- the whole ---- */

nr_status nr_rewrite_begin(nr_import *import, NrOnnx__ModelProto *model,
                           nr_rewrite *out) {
    *out = (nr_rewrite){.import = import, .model = model};
    return NR_NEW(out->gone, model->graph->n_node) ? NR_OK : NR_ERR_INTERNAL;
}

void nr_rewrite_end(nr_rewrite *rw) {
    for (size_t i = 0; i < rw->n_renamed; i++) free(rw->renamed[i].original);
    free(rw->renamed);
    free(rw->gone);
}

nr_status nr_rewrite_finish(nr_rewrite *rw) {
    NrOnnx__GraphProto *g = graph_of(rw);
    const char *path = rw->import->path;
    nr_digest *digest = rw->import->digest;
    drop_nodes(rw);
    drop_initialisers(rw);
    drop_inner_shapes(rw);
    NR_TRY(name_back(rw));
    for (size_t i = 0; i < g->n_initializer; i++) {
        if (g->initializer[i]->n_external_data)
            NR_TRY(nr_slice_inline(path, g->initializer[i], digest));
        NR_TRY(declare(rw, g->initializer[i]));
    }
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_attribute; k++) {
            NrOnnx__TensorProto *t = g->node[i]->attribute[k]->t;
            if (t && t->n_external_data) NR_TRY(nr_slice_inline(path, t, digest));
        }
    return NR_OK;
}

nr_status nr_rewrite_remark(NrOnnx__ModelProto *model, const char *key,
                            const char *value) {
    NrOnnx__StringStringEntryProto *entry;
    for (size_t i = 0; i < model->n_metadata_props; i++)
        if (model->metadata_props[i]->key &&
            strcmp(model->metadata_props[i]->key, key) == 0)
            return set_text(&model->metadata_props[i]->value, value);
    if (!NR_NEW(entry, 1)) return NR_ERR_INTERNAL;
    nr_onnx__string_string_entry_proto__init(entry);
    nr_status status = set_text(&entry->key, key);
    if (status == NR_OK) status = set_text(&entry->value, value);
    if (status == NR_OK)
        status = extend(&model->metadata_props, model->n_metadata_props);
    if (status == NR_OK) model->metadata_props[model->n_metadata_props++] = entry;
    else nr_onnx__string_string_entry_proto__free_unpacked(entry, NULL);
    return status;
}

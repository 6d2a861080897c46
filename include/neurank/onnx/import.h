/* ONNX file -> graph.
 *
 * Opset 7 to 22, inference graphs of one float image input (n, c, h, w) and one output
 * (n, classes). Anything that is not understood is refused by operator, node and
 * attribute; nothing is guessed. Weights may stand in external files inside the model's
 * own folder. A Softmax or LogSoftmax at the very end is left out: the graph gives what
 * goes into it, the logits (a LogSoftmax changes no score, a Softmax would be applied
 * twice).
 *
 * The file is read once, by the caller's process; digest covers its bytes and those of
 * external tensors.
 *
 * Failures: NR_ERR_INPUT, a file cannot be read, is damaged, or holds what is not
 * understood; NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_ONNX_IMPORT_H
#define NEURANK_ONNX_IMPORT_H

#include "neurank/base/digest.h"
#include "neurank/nn/graph.h"

/* The network with weights as the file has them: without nr_graph_fold. *out is the
 * caller's. */
nr_status nr_onnx_load_plain(const char *path, nr_graph **out);

/* The network behind nr_graph_fold, the caller's, and the file's digest. */
nr_status nr_onnx_load(const char *path, nr_graph **out, char digest[NR_DIGEST_TEXT]);

#endif

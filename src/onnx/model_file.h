/* The bytes of a model file, checked before protobuf-c sees them. */
#ifndef NEURANK_ONNX_MODEL_FILE_H
#define NEURANK_ONNX_MODEL_FILE_H

#include "neurank/base/digest.h"
#include "onnx.pb-c.h"

/* Reads and unpacks; *out is ended with nr_onnx__model_proto__free_unpacked(out, NULL).
 */
nr_status nr_model_file_read(const char *path, nr_digest *digest,
                             NrOnnx__ModelProto **out);

#endif

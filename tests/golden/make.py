#!/usr/bin/python3
"""Makes the golden cases: small ONNX models with an input and PyTorch's output.

    PYTHONPATH=data /usr/bin/python3 tests/golden/make.py

Every case is NAME.onnx and NAME.npz (x, y), written beside this file. Models are put
together with onnx.helper, so that opset, attributes and encodings are exactly what the
case is about; y is computed by torch functions that do not read the model.
"""
import os

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)
torch.manual_seed(5)


def weights(*shape, scale=0.5):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


class Case:
    """A graph from input `x`; add() appends a node and returns its output's name."""

    def __init__(self, name, shape, opset=13):
        self.name, self.shape, self.opset = name, shape, opset
        self.nodes, self.inits = [], []
        self.x = weights(3, *shape, scale=1.0)

    def const(self, array, name=None):
        name = name or f"c{len(self.inits)}"
        self.inits.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op, *inputs, outputs=None, name=None, **attributes):
        n = len(self.nodes)
        outputs = outputs or [f"t{n}"]
        self.nodes.append(helper.make_node(op, list(inputs), outputs,
                                           name=name or f"{op}_{n}", **attributes))
        return outputs[0]

    def head(self, t, features, classes=4):
        """Flatten and a dense layer, as y = head_of(t)."""
        self.w, self.b = weights(classes, features), weights(classes)
        t = self.add("Flatten", t)
        return self.add("Gemm", t, self.const(self.w), self.const(self.b), transB=1)

    def head_of(self, t):
        return F.linear(t.flatten(1), torch.from_numpy(self.w), torch.from_numpy(self.b))

    def save(self, output, y, batch="n", inputs_too=False):
        y = y.numpy().astype(np.float32)
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT,
                                                [batch, *self.shape])]
        if inputs_too:  # as old models list their initialisers
            inputs += [helper.make_tensor_value_info(i.name, i.data_type, list(i.dims))
                       for i in self.inits]
        graph = helper.make_graph(
            self.nodes, self.name, inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, y.shape[1]])],
            self.inits)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                  ir_version=7)
        onnx.save(model, f"{HERE}/{self.name}.onnx")
        np.savez(f"{HERE}/{self.name}.npz", x=self.x, y=y)


def T(a):
    return torch.from_numpy(np.asarray(a))


def convolutions():
    for name, kw, conv in (
            ("conv_group_stride", dict(group=2, strides=[2, 1], pads=[1, 0, 2, 1]), None),
            ("conv_dilation", dict(dilations=[2, 3], pads=[2, 3, 2, 3]), None)):
        c = Case(name, (4, 9, 8))
        g = kw.get("group", 1)
        w, b = weights(6, 4 // g, 3, 3), weights(6)
        t = c.add("Conv", "x", c.const(w), c.const(b), **kw)
        p = kw["pads"]
        y = F.conv2d(F.pad(T(c.x), (p[1], p[3], p[0], p[2])), T(w), T(b),
                     stride=kw.get("strides", [1, 1]), dilation=kw.get("dilations", [1, 1]),
                     groups=g)
        c.save(c.head(t, y[0].numel()), c.head_of(y))
    for mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        c = Case(f"conv_{mode.lower()}", (2, 7, 6), opset=7)
        w = weights(3, 2, 4, 3)
        t = c.add("Conv", "x", c.const(w), auto_pad=mode, strides=[2, 2],
                  kernel_shape=[4, 3])
        if mode == "VALID":
            padded = T(c.x)
        else:  # 7 -> 4 by stride 2 and kernel 4: 3 rows; 6 -> 3 by kernel 3: 1 column
            small, large = ((1, 2), (0, 1)) if mode == "SAME_UPPER" else ((2, 1), (1, 0))
            padded = F.pad(T(c.x), (*large, *small))
        y = F.conv2d(padded, T(w), stride=2)
        c.save(c.head(t, y[0].numel()), c.head_of(y), batch=1)


def pools():
    c = Case("max_pool_ceil", (3, 8, 9))
    t = c.add("MaxPool", "x", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0],
              ceil_mode=1)
    y = F.max_pool2d(T(c.x), (3, 2), 2, (1, 0), ceil_mode=True)
    c.save(c.head(t, y[0].numel()), c.head_of(y))
    for include in (0, 1):
        c = Case(f"average_pool_{include}", (3, 7, 7), opset=11)
        t = c.add("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2],
                  pads=[1, 1, 1, 1], count_include_pad=include)
        y = F.avg_pool2d(T(c.x), 3, 2, 1, count_include_pad=bool(include))
        c.save(c.head(t, y[0].numel()), c.head_of(y))
    c = Case("average_pool_ceil", (2, 6, 6), opset=19)
    t = c.add("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1,
              pads=[1, 1, 1, 1], count_include_pad=1)
    y = F.avg_pool2d(T(c.x), 3, 2, 1, ceil_mode=True, count_include_pad=True)
    c.save(c.head(t, y[0].numel()), c.head_of(y))
    c = Case("max_pool_dilation", (2, 8, 8), opset=12)
    t = c.add("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 3])
    y = F.max_pool2d(T(c.x), 2, 1, dilation=(2, 3))
    c.save(c.head(t, y[0].numel()), c.head_of(y))


def pointwise():
    c = Case("pointwise", (3, 5, 5), opset=10)
    t = c.add("LeakyRelu", "x", alpha=0.2)
    t = c.add("Clip", t, min=-0.1, max=1.5)
    t = c.add("Sigmoid", t)
    t = c.add("Relu", t)
    y = torch.sigmoid(F.leaky_relu(T(c.x), 0.2).clamp(-0.1, 1.5))
    c.save(c.head(t, 75), c.head_of(y))
    c = Case("clip_inputs", (3, 4, 4))
    t = c.add("Clip", "x", "", c.const(np.float32(0.5)))
    t = c.add("Clip", t, c.const(np.float32(-0.25)))
    c.save(c.head(t, 48), c.head_of(T(c.x).clamp(-0.25, 0.5)))
    c = Case("batch_norm", (4, 4, 4), opset=15)
    p = [weights(4) + 1, weights(4), weights(4), np.abs(weights(4)) + 0.1]
    t = c.add("BatchNormalization", "x", *[c.const(a) for a in p], epsilon=1e-3,
              momentum=0.8)
    y = F.batch_norm(T(c.x), T(p[2]), T(p[3]), T(p[0]), T(p[1]), eps=1e-3)
    c.save(c.head(t, 64), c.head_of(y))
    c = Case("add_mul_concat", (4, 4, 4))
    w = weights(4, 4, 1, 1)
    a = c.add("Conv", "x", c.const(w))
    b = c.add("Add", a, "x")
    s = c.add("Sigmoid", c.add("GlobalAveragePool", b))
    m = c.add("Mul", s, b)
    k1, k2 = weights(4, 1, 1), np.float32(0.5)
    m = c.add("Add", c.const(k1), c.add("Mul", m, c.const(k2)))
    t = c.add("Concat", m, a, "x", axis=-3)
    ya = F.conv2d(T(c.x), T(w))
    yb = ya + T(c.x)
    ym = torch.sigmoid(yb.mean((2, 3), keepdim=True)) * yb * 0.5 + T(k1)
    y = torch.cat([ym, ya, T(c.x)], 1)
    c.save(c.head(t, y[0].numel()), c.head_of(y))


def shapes():
    w = weights(5, 3, 3, 3)
    conv = lambda x: F.relu(F.conv2d(T(x), T(w)))

    c = Case("reshape_matmul", (3, 6, 6))  # MatMul + Add, dimension 0 copied
    t = c.add("Relu", c.add("Conv", "x", c.const(w)))
    t = c.add("Reshape", t, c.const(np.array([0, -1], np.int64)))
    wd, bd = weights(80, 4), weights(4)
    t = c.add("Add", c.add("MatMul", t, c.const(wd)), c.const(bd))
    c.save(t, conv(c.x).flatten(1) @ T(wd) + T(bd))

    c = Case("reshape_fixed_batch", (3, 6, 6))
    t = c.add("Relu", c.add("Conv", "x", c.const(w)))
    t = c.add("Reshape", t, c.const(np.array([1, 10, 8, 1], np.int64)))
    w2 = weights(6, 10, 3, 1)
    t = c.add("Conv", t, c.const(w2))
    y = F.conv2d(conv(c.x).reshape(-1, 10, 8, 1), T(w2))
    c.save(c.head(t, y[0].numel()), c.head_of(y), batch=1)

    for opset in (11, 13):
        c = Case(f"squeeze_{opset}", (3, 6, 6), opset=opset)
        axes = (lambda a: ([], dict(axes=a))) if opset < 13 else \
            (lambda a: ([c.const(np.array(a, np.int64))], {}))
        t = c.add("GlobalAveragePool", c.add("Relu", c.add("Conv", "x", c.const(w))))
        i, k = axes([2, 3])
        t = c.add("Squeeze", t, *i, **k)
        i, k = axes([2, 3])
        t = c.add("Unsqueeze", t, *i, **k)
        i, k = axes([-1])
        t = c.add("Squeeze", t, *i, **k)
        i, k = axes([2])
        t = c.add("Squeeze", t, *i, **k)
        wd = weights(5, 4)
        t = c.add("Gemm", t, c.const(wd), alpha=0.5)
        c.save(t, conv(c.x).mean((2, 3)) @ T(wd) * 0.5)

    c = Case("reduce_mean_softmax", (3, 6, 6))
    t = c.add("Relu", c.add("Conv", "x", c.const(w)))
    t = c.add("ReduceMean", t, axes=[-1, -2], keepdims=0)
    wd, bd = weights(4, 5), weights(1, 4)
    t = c.add("Gemm", t, c.const(wd), c.const(bd), transB=1, beta=2.0)
    c.save(c.add("LogSoftmax", t, axis=1),
           conv(c.x).mean((2, 3)) @ T(wd).t() + 2 * T(bd))  # logits: before the softmax

    c = Case("reduce_mean_18", (3, 6, 6), opset=18)
    t = c.add("Relu", c.add("Conv", "x", c.const(w)))
    t = c.add("ReduceMean", t, c.const(np.array([2, 3], np.int64)), keepdims=1)
    c.save(c.add("Softmax", c.head(t, 5)), c.head_of(conv(c.x).mean((2, 3))))

    c = Case("pad_identity_dropout", (3, 5, 6), opset=11)
    t = c.add("Pad", "x", c.const(np.array([0, 0, 1, 2, 0, 0, 0, 1], np.int64)),
              c.const(np.float32(0.5)))
    t = c.add("Dropout", c.add("Identity", t), ratio=0.3)
    t = c.add("Pad", t, c.const(np.array([0, 0, 1, 0, 0, 0, 1, 1], np.int64)))
    t = c.add("Relu", c.add("Conv", t, c.const(w)))
    y = F.pad(F.pad(T(c.x), (2, 1, 1, 0), value=0.5), (0, 1, 1, 1))
    y = F.relu(F.conv2d(y, T(w)))
    c.save(c.head(t, y[0].numel()), c.head_of(y))

    c = Case("pad_attributes", (3, 5, 6), opset=7)
    t = c.add("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.0)
    t = c.add("Relu", c.add("Conv", t, c.const(w)))
    y = F.relu(F.conv2d(T(c.x), T(w), padding=1))
    c.save(c.head(t, y[0].numel()), c.head_of(y), inputs_too=True)


def encodings():
    """The same convolution with its weights in every float encoding."""
    w = weights(4, 2, 3, 3).astype(np.float16).astype(np.float32)
    for name in ("float_data", "float16", "float16_raw", "double", "double_raw", "constant",
                 "external"):
        c = Case(f"weights_{name}", (2, 5, 5))
        if name == "constant":
            t = c.add("Constant", value=numpy_helper.from_array(w, "w"))
        else:
            t = "w"
        t = c.add("Relu", c.add("Conv", "x", t))
        y = F.relu(F.conv2d(T(c.x), T(w)))
        out = c.head(t, y[0].numel())
        if name == "float_data":
            c.inits.append(helper.make_tensor("w", TensorProto.FLOAT, w.shape, w.ravel()))
        elif name == "float16":
            c.inits.append(helper.make_tensor("w", TensorProto.FLOAT16, w.shape, w.ravel()))
        elif name == "double":
            c.inits.append(helper.make_tensor("w", TensorProto.DOUBLE, w.shape, w.ravel()))
        elif name == "float16_raw":
            c.const(w.astype(np.float16), "w")
        elif name == "double_raw":
            c.const(w.astype(np.float64), "w")
        elif name == "external":
            with open(f"{HERE}/weights_external.bin", "wb") as f:
                f.write(b"\0" * 64 + w.tobytes())
            t = helper.make_tensor("w", TensorProto.FLOAT, w.shape, w.tobytes(), raw=True)
            t.ClearField("raw_data")
            t.data_location = TensorProto.EXTERNAL
            for k, v in (("location", "weights_external.bin"), ("offset", "64"),
                         ("length", str(w.nbytes))):
                e = t.external_data.add()
                e.key, e.value = k, v
            c.inits.append(t)
        graph_out = c.head_of(y)
        if name == "external":  # onnx.save would read the tensor back
            save_as_is(c, out, graph_out)
        else:
            c.save(out, graph_out)


def save_as_is(c, output, y):
    graph = helper.make_graph(
        c.nodes, c.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *c.shape])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 4])], c.inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", c.opset)])
    with open(f"{HERE}/{c.name}.onnx", "wb") as f:
        f.write(model.SerializeToString())
    np.savez(f"{HERE}/{c.name}.npz", x=c.x, y=y.numpy())


def newest_opset():
    w = weights(5, 3, 3, 3)
    c = Case("opset_22", (3, 6, 6), opset=22)
    t = c.add("Relu", c.add("Conv", "x", c.const(w)))
    t = c.add("AveragePool", t, kernel_shape=[2, 2], strides=[2, 2])
    y = F.avg_pool2d(F.relu(F.conv2d(T(c.x), T(w))), 2)
    c.save(c.head(t, y[0].numel()), c.head_of(y))


def constants_and_bounds():
    """Sub and Div by constants on either side, HardSigmoid and HardSwish."""
    c = Case("subtract_divide", (4, 4, 4))
    k = [weights(4, 1, 1), np.abs(weights(1, 4, 1, 1)) + 0.5, weights(1)]
    t = c.add("Sub", "x", c.const(k[0]))
    t = c.add("Div", t, c.const(k[1]))
    t = c.add("Sub", c.const(k[2]), c.add("Div", t, c.const(np.float32(-3))))
    y = T(k[2]) - (T(c.x) - T(k[0])) / T(k[1]) / -3
    c.save(c.head(t, 64), c.head_of(y))
    c = Case("hard_sigmoid_swish", (4, 4, 4), opset=14)
    w = weights(4, 4, 1, 1, scale=2)
    a = c.add("Conv", "x", c.const(w))
    t = c.add("HardSwish", a)
    t = c.add("Mul", c.add("HardSigmoid", a), c.add("HardSigmoid", t, alpha=0.7, beta=0.1))
    ya = F.conv2d(T(c.x), T(w))
    y = (0.2 * ya + 0.5).clamp(0, 1) * (0.7 * F.hardswish(ya) + 0.1).clamp(0, 1)
    c.save(c.head(t, 64), c.head_of(y))
    c = Case("reshape_allowzero", (2, 4, 4), opset=18)
    t = c.add("Reshape", "x", c.const(np.array([-1, 32])), allowzero=1)
    c.save(c.head(t, 32), c.head_of(T(c.x)))


for make in (convolutions, pools, pointwise, shapes, encodings, newest_opset, constants_and_bounds):
    make()

"""Writes the table of TensorFlow's operations that functions in SavedModels may use (or compares it with the file).

Usage: .tools/venv/bin/python tools/operations.py [--check]
"""
import os
import re
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

from tensorflow.python.framework import dtypes, op_def_registry
import tensorflow  # noqa: F401  (registers the operations)

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ROOT / "node_modules/@tensorflow/tfjs-node/dist"
TARGET = ROOT / "src/training/savedmodel/encoded/operations.ts"

# What tfjs-node executes for other purposes than computing: summaries for TensorBoard.
NOT_COMPUTED = {"CreateSummaryFileWriter", "FlushSummaryWriter", "SummaryWriter"}

# What no kernel of tfjs-node executes, but functions need: arithmetic with shapes, loops, variables, calls, random
# numbers, and what kernels that compute in JavaScript are replaced by.
MORE = """
AddV2 AssignAddVariableOp AssignSubVariableOp AssignVariableOp BatchMatMulV3 BiasAdd Bitcast BroadcastTo
BroadcastGradientArgs Const DiagPart DynamicStitch EmptyTensorList EnsureShape Exp FusedBatchNormV3 Gather Identity
IdentityN If InvertPermutation L2Loss LogSoftmax MatMul MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV3
MatrixDiagV3 MatrixSetDiag MatrixSetDiagV3 Mod NoOp Pad PartitionedCall Placeholder PreventGradient Qr RFFT IRFFT
RandomGamma RandomStandardNormal RandomUniform RandomUniformInt Rank ReadVariableOp ReluGrad Relu6Grad ResizeBicubic
RestoreV2 Reverse ReverseSequence Roll RsqrtGrad SaveV2 SegmentSum SelectV2 SeluGrad Shape ShapeN SigmoidGrad Size
SpaceToDepth Split SqrtGrad Squeeze StatefulPartitionedCall StatelessIf StatelessWhile StopGradient StridedSliceGrad
TanhGrad TensorListConcatV2 TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
TensorListPushBack TensorListReserve TensorListScatterV2 TensorListSetItem TensorListStack TensorScatterAdd
TensorScatterMax TensorScatterMin TensorScatterSub TensorStridedSliceUpdate TruncateDiv TruncateMod TruncatedNormal
UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd VarHandleOp VarIsInitializedOp VariableShape While
Xdivy Xlogy
""".split()


def executed():
    """Names in the kernels of tfjs-node; constants of tfjs have the names that they stand for."""
    texts = [path.read_text("utf-8") for path in (KERNELS / "kernels").glob("*.js")]
    texts.append((KERNELS / "nodejs_kernel_backend.js").read_text("utf-8"))
    call = re.compile(r"\bexecute(?:SingleInput|SingleOutput|MultipleOutputs|EncodeImageOp)\((?:tfjs_1\.|tf\.|')(\w+)")
    return {name for text in texts for name in call.findall(text)} - NOT_COMPUTED


def argument(arg):
    if arg.type_list_attr:
        kind = f"[{arg.type_list_attr}]"
    else:
        kind = arg.type_attr or f"#{dtypes.as_dtype(arg.type).name}"
    return f"{arg.name}:{arg.number_attr + '*' if arg.number_attr else ''}{kind}"


def attribute(attr):
    return f"{attr.name}:{attr.type}{'?' if attr.HasField('default_value') else ''}"


def line(op):
    parts = [
        " ".join(argument(arg) for arg in op.input_arg),
        " ".join(argument(arg) for arg in op.output_arg),
        " ".join(attribute(attr) for attr in op.attr if not attr.name.startswith("_")),
    ]
    return f"{op.name}{'!' if op.is_stateful else ''} {' > '.join(parts)}"


def wrapped(text):
    """Continuation lines begin with a space."""
    lines, current = [], ""
    for word in text.split(" "):
        if current and len(current) + 1 + len(word) > 118:
            lines.append(current)
            current = ""
        current = f"{current} {word}" if current or lines else word
    return [row.rstrip() for row in [*lines, current]]


def table():
    ops = {name: op_def_registry.get(name) for name in executed() | set(MORE)}
    for name in sorted(name for name, op in ops.items() if op is None):
        print(f"TensorFlow has no operation {name}", file=sys.stderr)
    known = [op for op in ops.values() if op is not None and not any(arg.is_ref for arg in op.input_arg)]
    return [row for op in sorted(known, key=lambda op: op.name) for row in wrapped(line(op))]


def source():
    rows = "\n".join(table())
    return f"""/**
 * Operations of TensorFlow, written by tools/operations.py: name (! if it has state), inputs > outputs > attributes.
 * `a:T`: its type is the attribute T; `a:#int32`: this type; `a:N*T`: N tensors; `a:[T]`: tensors of the types in T.
 * `T:type?`: an attribute that has a default.
 */
export const OPERATIONS = `
{rows}
`;
"""


def main():
    text = source()
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit("src/training/savedmodel/encoded/operations.ts differs from TensorFlow; run tools/operations.py")


main()

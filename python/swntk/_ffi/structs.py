"""The structs and enumerations of ntk.h."""

from __future__ import annotations

import ctypes

NTK_ABI_VERSION = 1
NTK_MAX_RANK = 32
NTK_READ_ONLY = 1
NTK_NOT_MAPPED = -(2**63)

JACOBIAN_AUTO = 0
JACOBIAN_FORWARD = 1
JACOBIAN_REVERSE = 2


class ntk_buffer(ctypes.Structure):
    """An array of the caller. Addresses are plain integers, so that filling one stays cheap."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("element_type", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("rank", ctypes.c_int64),
        ("sizes", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    ]


# int32_t (*)(void *context, uint64_t done, uint64_t total)
ntk_progress = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64)

# int32_t (*)(void *context)
ntk_poll = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)


# int32_t (*)(void *context, inputs, input_count, outputs, output_count)
ntk_callback_function = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.POINTER(ntk_buffer),
    ctypes.c_size_t,
    ctypes.POINTER(ntk_buffer),
    ctypes.c_size_t,
)


class ntk_callback_functions(ctypes.Structure):
    """Functions that a program calls by name."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("value", ntk_callback_function),
        ("jvp", ntk_callback_function),
        ("vjp", ntk_callback_function),
        ("context", ctypes.c_void_p),
    ]


class ntk_run_options(ctypes.Structure):
    """Options of a run."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("memory_limit", ctypes.c_uint64),
        ("progress", ntk_progress),
        ("progress_context", ctypes.c_void_p),
        ("cancellation", ctypes.c_void_p),
        ("poll", ntk_poll),
        ("poll_context", ctypes.c_void_p),
        ("debug_nans", ctypes.c_int32),
    ]


class ntk_kernel_options(ctypes.Structure):
    """Options of a tangent kernel."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("parameters", ctypes.POINTER(ctypes.c_size_t)),
        ("parameter_count", ctypes.c_size_t),
        ("trace_axes", ctypes.POINTER(ctypes.c_int64)),
        ("trace_axis_count", ctypes.c_size_t),
        ("diagonal_axes", ctypes.POINTER(ctypes.c_int64)),
        ("diagonal_axis_count", ctypes.c_size_t),
        ("batch_axes", ctypes.POINTER(ctypes.c_int64)),
        ("implementation", ctypes.c_int32),
        ("normalize", ctypes.c_int32),
        ("output_batch_axes", ctypes.POINTER(ctypes.c_int64)),
    ]

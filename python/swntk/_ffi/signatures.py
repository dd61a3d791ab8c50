"""Every function of ntk.h: its result type and its argument types, in the header's order."""

from __future__ import annotations

from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from .structs import (
    NTK_ABI_VERSION,
    ntk_buffer,
    ntk_callback_functions,
    ntk_kernel_options,
    ntk_run_options,
)

__all__ = ["NTK_ABI_VERSION", "SIGNATURES"]

_status = c_int32
_handle = c_void_p
_new = POINTER(c_void_p)
_size = POINTER(c_size_t)
_int32s = POINTER(c_int32)
_int64s = POINTER(c_int64)
_buffers = POINTER(ntk_buffer)
_run = POINTER(ntk_run_options)
_kernel = POINTER(ntk_kernel_options)
_type_query = [_handle, c_size_t, _int32s, _size, _int64s, c_size_t]
_text_query = [_handle, c_char_p, c_size_t, _size]

SIGNATURES = {
    # Version
    "ntk_abi_version": (c_uint32, []),
    "ntk_version": (c_char_p, []),
    "ntk_build_info": (_status, [c_char_p, c_size_t, _size]),
    # Errors
    "ntk_status_name": (c_char_p, [_status]),
    "ntk_last_error": (c_char_p, []),
    "ntk_last_error_position": (None, [_size, _size]),
    # Programs
    "ntk_program_parse": (_status, [_new, c_char_p, c_size_t]),
    "ntk_program_text": (_status, _text_query),
    "ntk_program_free": (None, [_handle]),
    "ntk_program_hash": (_status, [_handle, POINTER(c_uint64)]),
    "ntk_program_equal": (_status, [_handle, _handle, _int32s]),
    "ntk_program_counts": (_status, [_handle, _size, _size, _size, _size]),
    "ntk_program_input_type": (_status, _type_query),
    "ntk_program_output_type": (_status, _type_query),
    # Building
    "ntk_builder_create": (_status, [_new]),
    "ntk_builder_free": (None, [_handle]),
    "ntk_builder_input": (_status, [_handle, c_int32, c_size_t, _int64s, c_char_p, _int32s]),
    "ntk_builder_constant": (_status, [_handle, _buffers, _int32s]),
    "ntk_builder_apply": (
        _status,
        [
            _handle,
            c_char_p,
            _int32s,
            c_size_t,
            c_char_p,
            c_size_t,
            POINTER(c_void_p),
            c_size_t,
            _int32s,
            c_size_t,
            _size,
        ],
    ),
    "ntk_builder_call": (_status, [_handle, _handle, _int32s, c_size_t, _int32s, c_size_t, _size]),
    "ntk_builder_type": (_status, [_handle, c_int32, _int32s, _size, _int64s, c_size_t]),
    "ntk_builder_location": (_status, [_handle, c_char_p, c_uint32]),
    "ntk_builder_finish": (
        _status,
        [_handle, _int32s, c_size_t, _int32s, c_size_t, _int32s, c_size_t, _new],
    ),
    # Transforms
    "ntk_program_jvp": (_status, [_new, _handle, _size, c_size_t]),
    "ntk_program_linearize": (_status, [_new, _new, _handle, _size, c_size_t]),
    "ntk_program_transpose": (_status, [_new, _handle, _size, c_size_t]),
    "ntk_program_vjp": (_status, [_new, _new, _handle, _size, c_size_t]),
    "ntk_program_jacobian": (_status, [_new, _handle, _size, c_size_t, c_int32]),
    "ntk_program_vmap": (_status, [_new, _handle, c_int64, _int64s, _int64s]),
    "ntk_program_simplify": (_status, [_new, _handle]),
    "ntk_program_resize": (_status, [_new, _handle, c_size_t, c_int64, c_int64]),
    # Callbacks
    "ntk_callback_register": (_status, [c_char_p, POINTER(ntk_callback_functions)]),
    "ntk_callback_unregister": (_status, [c_char_p]),
    "ntk_callback_is_held": (_status, [c_char_p, _int32s]),
    # Running
    "ntk_cancellation_create": (_status, [_new]),
    "ntk_cancellation_cancel": (None, [_handle]),
    "ntk_cancellation_free": (None, [_handle]),
    "ntk_evaluate": (_status, [_handle, _buffers, c_size_t, _buffers, c_size_t, _run]),
    "ntk_jvp": (
        _status,
        [_handle, _size, c_size_t, _buffers, c_size_t, _buffers, _buffers, c_size_t, _run],
    ),
    "ntk_vjp": (
        _status,
        [
            _handle,
            _size,
            c_size_t,
            _buffers,
            c_size_t,
            _buffers,
            c_size_t,
            _buffers,
            c_size_t,
            _run,
        ],
    ),
    "ntk_jacobian": (
        _status,
        [_handle, _size, c_size_t, c_int32, _buffers, c_size_t, _buffers, c_size_t, _run],
    ),
    "ntk_program_peak_memory": (_status, [_handle, POINTER(c_uint64)]),
    # Tangent kernels
    "ntk_tangent_kernel_create": (_status, [_new, _handle, _handle, _kernel]),
    "ntk_tangent_kernel_free": (None, [_handle]),
    "ntk_tangent_kernel_count": (_status, [_handle, _size]),
    "ntk_tangent_kernel_type": (_status, _type_query),
    "ntk_tangent_kernel_program": (_status, [_handle, _new]),
    "ntk_tangent_kernel_explain": (_status, _text_query),
    "ntk_tangent_kernel_samples": (
        _status,
        [_handle, _int64s, _int64s, c_size_t, _int64s, c_size_t, _int32s],
    ),
    "ntk_tangent_kernel_tile": (_status, [_new, _handle, c_int64, c_int64]),
    "ntk_tangent_kernel_tiling": (_status, [_handle, POINTER(c_uint64), _int64s, _int32s]),
    "ntk_tangent_kernel_compute": (
        _status,
        [_handle, _buffers, c_size_t, _buffers, c_size_t, _run],
    ),
    "ntk_kernel": (
        _status,
        [_handle, _handle, _kernel, _buffers, c_size_t, _buffers, c_size_t, _run],
    ),
    # The process
    "ntk_set_threads": (_status, [c_size_t]),
    "ntk_get_threads": (c_size_t, []),
    "ntk_clear_cache": (None, []),
}

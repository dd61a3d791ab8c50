/*
 * ntk.h: derivatives and neural tangent kernels of programs, on the CPU.
 *
 * Copyright the libntk authors. SPDX-License-Identifier: Apache-2.0
 *
 * A *program* is a function of arrays written in single static assignment
 * form. It comes from text (ntk_program_parse), from a builder
 * (ntk_builder_*), or from another program by a transform (ntk_program_jvp,
 * ntk_program_vjp, ...). It is run over raw buffers that the caller owns
 * (ntk_evaluate and its relatives). docs/program-text.md describes the text;
 * docs/operations.md lists the operations.
 *
 * Conventions
 * -----------
 * Status.     Every function that can fail returns an ntk_status. On failure
 *             the message is read by ntk_last_error() on the same thread.
 *             No input traps, aborts, exits or prints.
 * Ownership.  A `T **out` comes first; it receives a new handle that the
 *             caller owns and frees by ntk_T_free, and NULL on failure.
 *             ntk_*_free(NULL) does nothing. Arrays passed in are borrowed
 *             for the call.
 * Threads.    A `const` handle may be used by any number of threads at once.
 *             A builder belongs to one thread at a time. A cancellation may
 *             be cancelled from any thread.
 * Failure.    A call refused before it runs writes nothing to its outputs
 *             other than NULL to `out`. One that fails or is cancelled while it
 *             runs leaves the contents of its output buffers unspecified.
 * Queries.    A function that fills an array takes its capacity and reports
 *             the count needed; too small a capacity gives
 *             NTK_BUFFER_TOO_SMALL, with the needed count reported. A NULL
 *             array with capacity 0 only asks: it returns NTK_OK.
 * Options.    An options struct begins with `struct_size`; initialise it with
 *             its _INIT macro. NULL means all defaults. Structs grow at their
 *             end only.
 * Arguments   called `inputs` of a program are its inputs in order, followed
 *             by its captured inputs in order.
 */
#ifndef NTK_H
#define NTK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---------------------------------------------------------- */

/** The ABI that this header describes. */
#define NTK_ABI_VERSION 1

/** @return The ABI version of the library; equal to NTK_ABI_VERSION, or refuse it. */
uint32_t ntk_abi_version(void);

/** @return The library's version, "0.1.0"; static, never NULL. */
const char *ntk_version(void);

/** What a call came to. The numbers are frozen. */
typedef enum ntk_status {
  NTK_OK = 0,
  NTK_INVALID_ARGUMENT = 1,  /* an argument is wrong */
  NTK_SHAPE_MISMATCH = 2,    /* shapes do not fit one another */
  NTK_DTYPE_MISMATCH = 3,    /* an element type is wrong */
  NTK_SYNTAX = 4,            /* program text: see ntk_last_error_position */
  NTK_BUFFER_TOO_SMALL = 5,  /* a query's capacity is below the count needed */
  NTK_UNSUPPORTED = 6,       /* correct, but this library does not do it */
  NTK_OUT_OF_MEMORY = 7,     /* an allocation failed or a limit does not suffice */
  NTK_CANCELLED = 8,         /* ntk_cancellation_cancel was called */
  NTK_CALLBACK = 9,          /* a callback of the caller asked to stop */
  NTK_INDEX_OUT_OF_RANGE = 10, /* an index met while running is out of range */
  NTK_INTERNAL = 11,         /* an invariant of the library does not hold: a defect */
  NTK_NOT_A_NUMBER = 12      /* a run with debug_nans made a NaN */
} ntk_status;

/**
 * Describe the build: lines `name: value` (version, instruction set, BLAS,
 * threads).
 * @param[out] text    Receives UTF-8 and a NUL; may be NULL if capacity is 0.
 * @param capacity     Bytes available at text.
 * @param[out] needed  Bytes needed, the NUL included; may be NULL.
 * @return NTK_OK, NTK_BUFFER_TOO_SMALL.
 */
ntk_status ntk_build_info(char *text, size_t capacity, size_t *needed);

/* ---- Errors ----------------------------------------------------------- */

/** @return The name of a status, such as "NTK_SYNTAX"; static, never NULL. */
const char *ntk_status_name(ntk_status status);

/**
 * @return The message of this thread's last failure, UTF-8, never NULL. Valid
 *         until this thread's next failing call. Static when memory is out.
 *         Not reset by calls that succeed.
 */
const char *ntk_last_error(void);

/**
 * Where in the text the last NTK_SYNTAX of this thread was met, both from 1; 0 if
 * its last failure was another.
 */
void ntk_last_error_position(size_t *line, size_t *column);

/* ---- Arrays ----------------------------------------------------------- */

/** Types of array elements. The numbers are frozen. */
typedef enum ntk_element_type {
  NTK_F32 = 1,
  NTK_F64 = 2,
  NTK_I32 = 3,
  NTK_I64 = 4,
  NTK_U8 = 5,
  NTK_U32 = 6,
  NTK_U64 = 7,
  NTK_BOOL = 8               /* one byte, 0 or 1 */
} ntk_element_type;

/** The highest rank of an array. */
#define NTK_MAX_RANK 32

/** ntk_buffer.flags: the memory must not be written to. */
#define NTK_READ_ONLY 1u

/**
 * An array of the caller. Frozen. The content of a DLPack tensor on the CPU, but
 * with strides in bytes.
 */
typedef struct ntk_buffer {
  void *data;                /* first element, aligned as its type; may be NULL if a size is 0 */
  int32_t element_type;      /* an ntk_element_type */
  uint32_t flags;            /* NTK_READ_ONLY or 0; others must be 0 */
  int64_t rank;              /* 0 to NTK_MAX_RANK */
  const int64_t *sizes;      /* [rank]; may be NULL if rank is 0 */
  const int64_t *strides;    /* [rank], bytes, may be negative or 0; NULL: row-major without gaps */
} ntk_buffer;

/* ---- Programs --------------------------------------------------------- */

/** An immutable, verified program. */
typedef struct ntk_program ntk_program;

/**
 * Parse a program.
 * @param[out] out  New program, owned by the caller; NULL on failure.
 * @param text      UTF-8, borrowed for this call; need not end in NUL.
 * @param length    Bytes of text.
 * @return NTK_OK; NTK_SYNTAX (see ntk_last_error_position); NTK_INVALID_ARGUMENT,
 *         NTK_SHAPE_MISMATCH or NTK_DTYPE_MISMATCH where an equation is malformed.
 */
ntk_status ntk_program_parse(ntk_program **out, const char *text, size_t length);

/**
 * Write a program as text that parses back to an equal program.
 * @param[out] text    Receives UTF-8 and a NUL; may be NULL if capacity is 0.
 * @param[out] needed  Bytes needed, the NUL included; may be NULL.
 * @return NTK_OK, NTK_INVALID_ARGUMENT, NTK_BUFFER_TOO_SMALL.
 */
ntk_status ntk_program_text(const ntk_program *program, char *text, size_t capacity,
                            size_t *needed);

/** Free a program. Programs made from it stay valid. */
void ntk_program_free(ntk_program *program);

/** Structural hash: equal programs have equal hashes, in every process. */
ntk_status ntk_program_hash(const ntk_program *program, uint64_t hash[2]);

/** 1 if two programs are equal (structure; source lines and names are ignored), else 0. */
ntk_status ntk_program_equal(const ntk_program *a, const ntk_program *b, int32_t *equal);

/** Counts of a program. Any of the pointers may be NULL. */
ntk_status ntk_program_counts(const ntk_program *program, size_t *inputs, size_t *captured,
                              size_t *outputs, size_t *equations);

/**
 * Type of an input; the captured inputs follow the others.
 * @param[out] sizes  Receives up to capacity sizes; may be NULL if capacity is 0.
 */
ntk_status ntk_program_input_type(const ntk_program *program, size_t index, int32_t *element_type,
                                  size_t *rank, int64_t *sizes, size_t capacity);

/** Type of an output; as ntk_program_input_type. */
ntk_status ntk_program_output_type(const ntk_program *program, size_t index, int32_t *element_type,
                                   size_t *rank, int64_t *sizes, size_t capacity);

/* ---- Building --------------------------------------------------------- */

/** A program in the making. Used by one thread at a time. */
typedef struct ntk_builder ntk_builder;

/** A value of a program in the making; only its own builder knows it. */
typedef int32_t ntk_value;

ntk_status ntk_builder_create(ntk_builder **out);
void ntk_builder_free(ntk_builder *builder);

/**
 * Add an input. Whether it is captured is said to ntk_builder_finish.
 * @param name  UTF-8, NUL-terminated, used in messages and text; may be NULL.
 */
ntk_status ntk_builder_input(ntk_builder *builder, int32_t element_type, size_t rank,
                             const int64_t *sizes, const char *name, ntk_value *value);

/** Add a constant; the data is copied. */
ntk_status ntk_builder_constant(ntk_builder *builder, const ntk_buffer *data, ntk_value *value);

/**
 * Apply an operation or a function (docs/operations.md).
 * @param name             NUL-terminated, "dot_general" or "np.matmul".
 * @param operands         [operand_count] values of this builder.
 * @param parameters       UTF-8 text as between the brackets of an equation,
 *                         `axes=[0, 1], dtype=f32`; `$0`, `$1`, ... stand for bodies.
 * @param parameter_length Bytes of parameters.
 * @param bodies           [body_count] programs.
 * @param[out] results     Receives the results.
 * @param[out] count       Number of results.
 * @return NTK_OK; NTK_INVALID_ARGUMENT, NTK_SHAPE_MISMATCH, NTK_DTYPE_MISMATCH, NTK_SYNTAX,
 *         NTK_UNSUPPORTED, and nothing is added to the builder.
 */
ntk_status ntk_builder_apply(ntk_builder *builder, const char *name, const ntk_value *operands,
                             size_t operand_count, const char *parameters, size_t parameter_length,
                             const ntk_program *const *bodies, size_t body_count,
                             ntk_value *results, size_t capacity, size_t *count);

/** Add the equations of a program, its inputs (captured ones last) bound to operands. */
ntk_status ntk_builder_call(ntk_builder *builder, const ntk_program *program,
                            const ntk_value *operands, size_t operand_count, ntk_value *results,
                            size_t capacity, size_t *count);

/** Type of a value; as ntk_program_input_type. */
ntk_status ntk_builder_type(const ntk_builder *builder, ntk_value value, int32_t *element_type,
                            size_t *rank, int64_t *sizes, size_t capacity);

/**
 * Say which line of the user's source the next equations come from.
 * @param file  UTF-8, NUL-terminated; NULL: none.
 */
ntk_status ntk_builder_location(ntk_builder *builder, const char *file, uint32_t line);

/**
 * Make a program of what was built. The builder stays as it is, and may be finished again.
 * @param inputs    [input_count] input values, in the order the program shall take them.
 * @param captured  [captured_count] input values that follow as captured inputs.
 * @param outputs   [output_count] any values.
 * @return NTK_OK; NTK_INVALID_ARGUMENT if an input is named twice, or an input that an
 *         output depends on is not named.
 */
ntk_status ntk_builder_finish(const ntk_builder *builder, const ntk_value *inputs,
                              size_t input_count, const ntk_value *captured, size_t captured_count,
                              const ntk_value *outputs, size_t output_count, ntk_program **out);

/* ---- Transforms: programs to programs ---------------------------------- */

/*
 * `active` lists the inputs to differentiate by, strictly increasing, each floating (else
 * NTK_DTYPE_MISMATCH). Inputs that are not active are constants of the derivative.
 * "Floating outputs" are those with elements f32 or f64; the others have no tangents.
 * A result keeps captured inputs last: the tangents or cotangents of a transform stand after the
 * ordinary inputs and before the captured ones.
 */

/**
 * Forward mode: (inputs, tangents of active) -> (outputs, tangents of floating outputs).
 */
ntk_status ntk_program_jvp(ntk_program **out, const ntk_program *program, const size_t *active,
                           size_t active_count);

/**
 * Forward mode in two parts.
 * @param[out] known   inputs -> (outputs, residuals).
 * @param[out] linear  (residuals, tangents of active) -> tangents of floating outputs. No
 *                     captured inputs: what it needs of them is a residual.
 */
ntk_status ntk_program_linearize(ntk_program **known, ntk_program **linear,
                                 const ntk_program *program, const size_t *active,
                                 size_t active_count);

/**
 * Transpose a program that is linear in its active inputs.
 * @param[out] out  (inputs that are not active, cotangents of floating outputs) ->
 *                  cotangents of active inputs.
 * @return NTK_INVALID_ARGUMENT if the program is not linear in them.
 */
ntk_status ntk_program_transpose(ntk_program **out, const ntk_program *program,
                                 const size_t *active, size_t active_count);

/**
 * Reverse mode.
 * @param[out] forward   inputs -> (outputs, residuals).
 * @param[out] backward  (residuals, cotangents of floating outputs) -> cotangents of active.
 */
ntk_status ntk_program_vjp(ntk_program **forward, ntk_program **backward,
                           const ntk_program *program, const size_t *active, size_t active_count);

/** How to form a Jacobian. */
typedef enum ntk_jacobian_mode {
  NTK_JACOBIAN_AUTO = 0,     /* by the sizes of inputs and outputs */
  NTK_JACOBIAN_FORWARD = 1,
  NTK_JACOBIAN_REVERSE = 2
} ntk_jacobian_mode;

/**
 * Jacobian: inputs -> (outputs, then for each floating output, for each active input, the array
 * of shape output + input).
 */
ntk_status ntk_program_jacobian(ntk_program **out, const ntk_program *program,
                                const size_t *active, size_t active_count, int32_t mode);

/** An input or output of ntk_program_vmap without a mapped axis. */
#define NTK_NOT_MAPPED INT64_MIN

/**
 * Map over an axis.
 * @param axis_size  Length of the mapped axis.
 * @param in_axes    [inputs + captured] axis of each, from -rank, or NTK_NOT_MAPPED.
 * @param out_axes   [outputs] where the axis stands in each output, or NTK_NOT_MAPPED, which
 *                   is NTK_INVALID_ARGUMENT for an output that depends on a mapped input.
 */
ntk_status ntk_program_vmap(ntk_program **out, const ntk_program *program, int64_t axis_size,
                            const int64_t *in_axes, const int64_t *out_axes);

/** Remove dead and repeated equations, fold what is constant, apply identities. */
ntk_status ntk_program_simplify(ntk_program **out, const ntk_program *program);

/**
 * The same program for another size of a transparent axis (a batch axis): every array that
 * shares the axis of this input changes with it.
 * @return NTK_UNSUPPORTED if the axis is not carried untouched (the message names where it ends).
 */
ntk_status ntk_program_resize(ntk_program **out, const ntk_program *program, size_t input,
                              int64_t axis, int64_t size);

/* ---- Callbacks --------------------------------------------------------- */

/*
 * A program may call functions of the caller's: the operation `callback[callback="name",
 * shapes=[[2, 3]], dtypes=[f32], has_derivatives=true](operands)` (docs/custom-derivatives.md)
 * names them. They must be pure: the library may call them as often as it likes, or not at all.
 */

/**
 * A function that a program calls while it runs, on the thread that runs the program and on no other.
 * It may itself run programs.
 * @param context  As registered.
 * @param inputs   [input_count] row-major without gaps (strides NULL), read-only; borrowed for
 *                 this call.
 * @param outputs  [output_count] the same, to be written whole.
 * @return 0; anything else ends the run with NTK_CALLBACK.
 */
typedef int32_t (*ntk_callback_function)(void *context, const ntk_buffer *inputs,
                                         size_t input_count, const ntk_buffer *outputs,
                                         size_t output_count);

/** A callback: its value and its derivatives. */
typedef struct ntk_callback_functions {
  size_t struct_size;
  ntk_callback_function value; /* operands -> results */
  ntk_callback_function jvp;   /* operands, tangents of the floating operands -> tangents of the
                                  floating results. NULL: no forward mode */
  ntk_callback_function vjp;   /* operands, cotangents of the floating results -> cotangents of the
                                  floating operands. NULL: no reverse mode */
  void *context;               /* handed to each; may be NULL */
} ntk_callback_functions;
#define NTK_CALLBACK_FUNCTIONS_INIT {sizeof(ntk_callback_functions), NULL, NULL, NULL, NULL}

/**
 * Register functions under a name, for the process. A program made while a name is registered (parsed,
 * built, or transformed from such a program) keeps to these functions; one made before looks the
 * name up when it runs. The struct is copied. The functions and the context must stay valid until
 * ntk_callback_is_held says that nothing holds them. From any thread.
 * @param name  UTF-8, NUL-terminated.
 * @return NTK_OK; NTK_INVALID_ARGUMENT if `value` is NULL or the name is registered.
 */
ntk_status ntk_callback_register(const char *name, const ntk_callback_functions *functions);

/** Take a name back. Does nothing if it is not registered. */
ntk_status ntk_callback_unregister(const char *name);

/** 1 if the name is registered or a program, compiled ones in the cache among them, holds functions
 *  that were registered under it, else 0. */
ntk_status ntk_callback_is_held(const char *name, int32_t *held);

/* ---- Running ---------------------------------------------------------- */

/** Lets one thread stop what another runs. */
typedef struct ntk_cancellation ntk_cancellation;

ntk_status ntk_cancellation_create(ntk_cancellation **out);
void ntk_cancellation_cancel(ntk_cancellation *cancellation);
/** Free it; no call that was given it may be running. */
void ntk_cancellation_free(ntk_cancellation *cancellation);

/**
 * Progress of a long call, called on the calling thread only, a few times a second at most.
 * @return 0 to go on, anything else to stop (the call returns NTK_CALLBACK).
 */
typedef int32_t (*ntk_progress)(void *context, uint64_t done, uint64_t total);

/**
 * Asked on the calling thread, a few times a second at most, whether a call is to go on: nothing is
 * asked of a call that ends sooner.
 * @return 0 to go on, anything else to stop (the call returns NTK_CALLBACK).
 */
typedef int32_t (*ntk_poll)(void *context);

/** Options of a run. */
typedef struct ntk_run_options {
  size_t struct_size;
  uint64_t memory_limit;     /* bytes beside inputs and outputs; 0: no limit */
  ntk_progress progress;     /* may be NULL */
  void *progress_context;
  const ntk_cancellation *cancellation; /* may be NULL */
  ntk_poll poll;             /* may be NULL */
  void *poll_context;
  int32_t debug_nans;        /* not 0: one operation at a time, slowly; NTK_NOT_A_NUMBER where one
                                makes a NaN of operands that have none */
} ntk_run_options;
#define NTK_RUN_OPTIONS_INIT {sizeof(ntk_run_options), 0, NULL, NULL, NULL, NULL, NULL, 0}

/**
 * Run a program.
 * @param inputs   [inputs + captured] of the program's types.
 * @param outputs  [outputs] of the program's types; written, any strides. An output may
 *                 not overlap an input or another output.
 * @return NTK_OK; NTK_INVALID_ARGUMENT, NTK_SHAPE_MISMATCH, NTK_DTYPE_MISMATCH,
 *         NTK_OUT_OF_MEMORY before it runs; NTK_CANCELLED, NTK_CALLBACK,
 *         NTK_INDEX_OUT_OF_RANGE, NTK_OUT_OF_MEMORY.
 */
ntk_status ntk_evaluate(const ntk_program *program, const ntk_buffer *inputs, size_t input_count,
                        const ntk_buffer *outputs, size_t output_count,
                        const ntk_run_options *options);

/** Run ntk_program_jvp. @param tangents [active_count]; @param outputs outputs, then tangents. */
ntk_status ntk_jvp(const ntk_program *program, const size_t *active, size_t active_count,
                   const ntk_buffer *inputs, size_t input_count, const ntk_buffer *tangents,
                   const ntk_buffer *outputs, size_t output_count, const ntk_run_options *options);

/** Run ntk_program_vjp. @param cotangents of floating outputs; @param outputs outputs, then
 *  cotangents of active inputs. */
ntk_status ntk_vjp(const ntk_program *program, const size_t *active, size_t active_count,
                   const ntk_buffer *inputs, size_t input_count, const ntk_buffer *cotangents,
                   size_t cotangent_count, const ntk_buffer *outputs, size_t output_count,
                   const ntk_run_options *options);

/** Run ntk_program_jacobian. @param outputs for each floating output, for each active input. */
ntk_status ntk_jacobian(const ntk_program *program, const size_t *active, size_t active_count,
                        int32_t mode, const ntk_buffer *inputs, size_t input_count,
                        const ntk_buffer *outputs, size_t output_count,
                        const ntk_run_options *options);

/** Bytes that running a program takes beside inputs and outputs; exact, known before it runs. */
ntk_status ntk_program_peak_memory(const ntk_program *program, uint64_t *bytes);

/* ---- Tangent kernels --------------------------------------------------- */

/** How a kernel is computed. All give the same numbers, to rounding. */
typedef enum ntk_implementation {
  NTK_IMPLEMENTATION_AUTO = 0,
  NTK_JACOBIAN_CONTRACTION = 1,
  NTK_VECTOR_PRODUCTS = 2,
  NTK_STRUCTURED_DERIVATIVES = 3
} ntk_implementation;

/** Options of a tangent kernel. */
typedef struct ntk_kernel_options {
  size_t struct_size;
  const size_t *parameters;       /* [parameter_count] inputs that are parameters, increasing */
  size_t parameter_count;
  const int64_t *trace_axes;      /* [trace_axis_count] output axes to trace; may be negative */
  size_t trace_axis_count;
  const int64_t *diagonal_axes;   /* [diagonal_axis_count] */
  size_t diagonal_axis_count;
  const int64_t *batch_axes;      /* [inputs + captured] claimed batch axis of each input, or
                                     NTK_NOT_MAPPED; parameters' are ignored. NULL: no claim */
  int32_t implementation;         /* an ntk_implementation */
  int32_t normalize;              /* not 0: divide by the product of the traced axes' sizes */
  const int64_t *output_batch_axes; /* with batch_axes: [outputs] claimed batch axis of each
                                     output. NULL: no claim */
} ntk_kernel_options;
#define NTK_KERNEL_OPTIONS_INIT \
  {sizeof(ntk_kernel_options), NULL, 0, NULL, 0, NULL, 0, NULL, 0, 1, NULL}

/** A planned tangent kernel of two programs with the same parameters. Immutable. */
typedef struct ntk_tangent_kernel ntk_tangent_kernel;

/**
 * Plan  theta_i = J1_i J2_i^T  for each output i, J = d output / d parameters.
 *
 * The result axes of an output are zip(shape in first, shape in second), interleaved; a traced axis
 * is gone, a diagonal axis appears once. Along which axes samples are independent is found from the
 * programs.
 *
 * @param first    Program of the first side.
 * @param second   Program of the second side, with equal parameters and as many outputs, each of the
 *                 same rank; NULL: the first's, at the same inputs (exactly symmetric).
 * @param options  Which inputs are parameters, axes, implementation; may be NULL.
 */
ntk_status ntk_tangent_kernel_create(ntk_tangent_kernel **out, const ntk_program *first,
                                     const ntk_program *second, const ntk_kernel_options *options);
void ntk_tangent_kernel_free(ntk_tangent_kernel *kernel);

/** Number of results: one for each output of the program. */
ntk_status ntk_tangent_kernel_count(const ntk_tangent_kernel *kernel, size_t *count);

/** Type of a result; as ntk_program_input_type. */
ntk_status ntk_tangent_kernel_type(const ntk_tangent_kernel *kernel, size_t index,
                                   int32_t *element_type, size_t *rank, int64_t *sizes,
                                   size_t capacity);

/**
 * The kernel as one program: (parameters, other inputs of first, other inputs of second if it was
 * given; captured inputs stand among the others) -> results. This is what other transforms
 * take.
 */
ntk_status ntk_tangent_kernel_program(const ntk_tangent_kernel *kernel, ntk_program **out);

/** Describe the plan in words; as ntk_program_text. */
ntk_status ntk_tangent_kernel_explain(const ntk_tangent_kernel *kernel, char *text,
                                      size_t capacity, size_t *needed);

/**
 * Where the samples stand along which the kernel can be cut into tiles.
 * @param[out] counts       [2] samples of the first and of the second side; 0 and 0 if it cannot be
 *                          cut: samples are mixed or traced, there are none, or outputs have them
 *                          along different axes.
 * @param[out] input_axes   [input_count] the samples' axis of each input that
 *                          ntk_tangent_kernel_compute takes, or NTK_NOT_MAPPED.
 * @param[out] result_axes  [result_count] the axis of each result along which the first side's
 *                          samples stand, or NTK_NOT_MAPPED; the second side's stand along the next.
 * @param[out] is_diagonal  1 if both sides' samples share that axis, else 0.
 */
ntk_status ntk_tangent_kernel_samples(const ntk_tangent_kernel *kernel, int64_t *counts,
                                      int64_t *input_axes, size_t input_count,
                                      int64_t *result_axes, size_t result_count,
                                      int32_t *is_diagonal);

/**
 * The kernel of so many of the samples of each side: what computes one tile of `kernel` from inputs
 * that are cut along the axes that ntk_tangent_kernel_samples gives.
 * @param rows     Samples of the first side.
 * @param columns  Samples of the second side, whose inputs then follow those of the first;
 *                 NTK_NOT_MAPPED, where there is no second program: the samples of the first, of
 *                 which the inputs are given once (exactly symmetric).
 */
ntk_status ntk_tangent_kernel_tile(ntk_tangent_kernel **out, const ntk_tangent_kernel *kernel,
                                   int64_t rows, int64_t columns);

/**
 * What ntk_tangent_kernel_compute does under a memory limit.
 * @param[in,out] memory_limit  Bytes; 0: the default, in which case it receives what that is now, or
 *                              0 where there is no need of one.
 * @param[out] size             Samples in a tile; 0: the kernel is computed at once.
 * @param[out] keeps_sides      1 if what the sides give is kept for all samples, else 0.
 * @return NTK_OUT_OF_MEMORY if the limit does not suffice.
 */
ntk_status ntk_tangent_kernel_tiling(const ntk_tangent_kernel *kernel, uint64_t *memory_limit,
                                     int64_t *size, int32_t *keeps_sides);

/**
 * Compute the kernel.
 * @param inputs  As the inputs of ntk_tangent_kernel_program.
 */
ntk_status ntk_tangent_kernel_compute(const ntk_tangent_kernel *kernel, const ntk_buffer *inputs,
                                      size_t input_count, const ntk_buffer *outputs,
                                      size_t output_count, const ntk_run_options *options);

/** Plan, compute and free a kernel in one call. */
ntk_status ntk_kernel(const ntk_program *first, const ntk_program *second,
                      const ntk_kernel_options *kernel_options, const ntk_buffer *inputs,
                      size_t input_count, const ntk_buffer *outputs, size_t output_count,
                      const ntk_run_options *run_options);

/* ---- The process ------------------------------------------------------- */

/** Threads that a call may use, the calling one included; at least 1. Results do not
 *  depend on it. Default: NTK_NUM_THREADS, or the cores this process may run on. */
ntk_status ntk_set_threads(size_t count);
size_t ntk_get_threads(void);

/** Forget compiled programs. */
void ntk_clear_cache(void);

#ifdef __cplusplus
}
#endif

#endif /* NTK_H */

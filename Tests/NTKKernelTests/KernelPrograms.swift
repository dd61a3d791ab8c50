/// Programs of (parameters..., x): the last input has the samples.
struct KernelProgram {
  let name: String
  let text: String
  /// Whether every use of every parameter has a form.
  var hasForms = true

  static let table: [KernelProgram] = [
    KernelProgram(
      name: "x @ W.T + b",
      text: """
        program(%0: f64[3,4], %1: f64[3], %2: f64[2,4]) {
          %3 = transpose[permutation=[1, 0]](%0)
          %4 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %3)
          %5 = broadcast_in_dim[shape=[2, 3], broadcast_dimensions=[1]](%1)
          %6 = add(%4, %5)
          %7 = tanh(%6)
          return %7
        }
        """),
    KernelProgram(
      name: "a weight used twice",
      text: """
        program(%0: f64[3,3], %1: f64[2,3]) {
          %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %0)
          %3 = tanh(%2)
          %4 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%3, %0)
          return %4
        }
        """),
    KernelProgram(
      name: "W0 + A B",
      text: """
        program(%0: f64[3,4], %1: f64[3,2], %2: f64[2,4], %3: f64[2,3]) {
          %4 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %2)
          %5 = add(%0, %4)
          %6 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%3, %5)
          %7 = tanh(%6)
          %8 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%7, %5)
          return %8
        }
        """),
    KernelProgram(
      name: "exp(s), reshaped and broadcast",
      text: """
        program(%0: f64[6], %1: f64[3], %2: f64[2,3]) {
          %3 = reshape[new_sizes=[2, 3]](%0)
          %4 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%2, %3)
          %5 = exp(%1)
          %6 = broadcast_in_dim[shape=[2, 3], broadcast_dimensions=[1]](%5)
          %7 = mul(%2, %6)
          %8 = reduce_sum[axes=[1]](%7)
          %9 = broadcast_in_dim[shape=[2, 2], broadcast_dimensions=[0]](%8)
          %10 = add(%4, %9)
          return %10
        }
        """),
    KernelProgram(
      name: "slices of one weight that overlap or not",
      text: """
        program(%0: f64[2,5], %1: f64[2,2]) {
          %2 = slice[start_indices=[0, 0], limit_indices=[2, 2], strides=[1, 1]](%0)
          %3 = slice[start_indices=[0, 1], limit_indices=[2, 3], strides=[1, 1]](%0)
          %4 = slice[start_indices=[0, 3], limit_indices=[2, 5], strides=[1, 1]](%0)
          %5 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %2)
          %6 = tanh(%5)
          %7 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%6, %3)
          %8 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%6, %4)
          %9 = mul(%7, %8)
          return %9
        }
        """),
    KernelProgram(
      name: "slices with other strides, and reversed",
      text: """
        program(%0: f64[2,5], %1: f64[2,2]) {
          %2 = slice[start_indices=[0, 1], limit_indices=[2, 5], strides=[1, 2]](%0)
          %3 = slice[start_indices=[0, 1], limit_indices=[2, 3], strides=[1, 1]](%0)
          %4 = rev[dimensions=[1]](%3)
          %5 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %2)
          %6 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %4)
          %7 = mul(%5, %6)
          return %7
        }
        """, hasForms: false),
    KernelProgram(
      name: "concatenated weights",
      text: """
        program(%0: f64[2,2], %1: f64[2,3], %2: f64[2,2]) {
          %3 = concatenate[dimension=1](%0, %1)
          %4 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %3)
          %5 = sin(%4)
          return %5
        }
        """),
    KernelProgram(
      name: "embedding with tied head",
      text: """
        program(%0: f64[4,2], %1: i32[2,3,1]) {
          %2 = gather[offset_dims=[2], collapsed_slice_dims=[0], start_index_map=[0], \
        slice_sizes=[1, 2]](%0, %1)
          %3 = sin(%2)
          %4 = reduce_sum[axes=[1]](%3)
          %5 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%4, %0)
          return %5
        }
        """),
    KernelProgram(
      name: "products of whole weights, summed later",
      text: """
        program(%0: f64[3,4], %1: f64[2,4]) {
          %2 = broadcast_in_dim[shape=[2, 3, 4], broadcast_dimensions=[0, 2]](%1)
          %3 = broadcast_in_dim[shape=[2, 3, 4], broadcast_dimensions=[1, 2]](%0)
          %4 = mul(%2, %3)
          %5 = reduce_sum[axes=[2]](%4)
          %6 = tanh(%5)
          return %6
        }
        """),
    KernelProgram(
      name: "samples mixed",
      text: """
        program(%0: f64[3,2], %1: f64[2,3]) {
          %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %0)
          %3 = reduce_sum[axes=[0]](%2)
          %4 = broadcast_in_dim[shape=[2, 2], broadcast_dimensions=[1]](%3)
          %5 = sub(%2, %4)
          %6 = mul(%5, %2)
          return %6
        }
        """),
    KernelProgram(
      name: "a mask on a weight",
      text: """
        program(%0: f64[2], %1: f64[2,2]) {
          %2 = broadcast_in_dim[shape=[2, 2], broadcast_dimensions=[1]](%0)
          %3 = gt(%1, %2)
          %4 = sin(%2)
          %5 = select_n(%3, %2, %4)
          %6 = mul(%5, %1)
          return %6
        }
        """),
  ]
}

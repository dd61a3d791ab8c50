/* See vector_calls.h. The functions called keep rbx, rbp and r12 to r15, as any C function. */
#if defined(__x86_64__) && defined(__ELF__)

.macro enter name
  .globl \name
  .hidden \name
  .type \name, @function
  .p2align 4
\name:
  .cfi_startproc
  endbr64
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbx, 0
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  pushq %r12
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r12, 0
  pushq %r13
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r13, 0
  pushq %r14
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r14, 0
.endm

.macro leave_function name
  vzeroupper
  popq %r14
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r14
  popq %r13
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r13
  popq %r12
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r12
  popq %rbp
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbp
  popq %rbx
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbx
  ret
  .cfi_endproc
  .size \name, . - \name
.endm

/* (out, a, vectors, function) */
.macro unary name, bytes, register
  enter \name
  movq %rdi, %rbx
  movq %rsi, %rbp
  movq %rdx, %r12
  movq %rcx, %r13
  testq %r12, %r12
  jz 2f
1:
  vmovups (%rbp), %\register\()0
  call *%r13
  vmovups %\register\()0, (%rbx)
  addq $\bytes, %rbp
  addq $\bytes, %rbx
  decq %r12
  jnz 1b
2:
  leave_function \name
.endm

/* (out, a, b, vectors, function) */
.macro binary name, bytes, register
  enter \name
  movq %rdi, %rbx
  movq %rsi, %rbp
  movq %rdx, %r14
  movq %rcx, %r12
  movq %r8, %r13
  testq %r12, %r12
  jz 2f
1:
  vmovups (%rbp), %\register\()0
  vmovups (%r14), %\register\()1
  call *%r13
  vmovups %\register\()0, (%rbx)
  addq $\bytes, %rbp
  addq $\bytes, %r14
  addq $\bytes, %rbx
  decq %r12
  jnz 1b
2:
  leave_function \name
.endm

.text
unary ntk_call_32_v, 32, ymm
unary ntk_call_64_v, 64, zmm
binary ntk_call_32_vv, 32, ymm
binary ntk_call_64_vv, 64, zmm

#endif

#if defined(__ELF__)
.section .note.GNU-stack, "", %progbits
#endif

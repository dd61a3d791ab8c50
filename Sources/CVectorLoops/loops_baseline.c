#define TABLE ntk_loops_baseline
#define INSTRUCTION_SET "baseline"

#include "loops.inc"

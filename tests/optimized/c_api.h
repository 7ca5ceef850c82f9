// The losses as C calls them, each once, with parameters that are not the defaults.
#ifndef EXACTLOSS_TESTS_OPTIMIZED_C_API_H
#define EXACTLOSS_TESTS_OPTIMIZED_C_API_H

#include "optimized/losses_c.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { C_ROWS = 5, C_COLUMNS = 4, C_STRIDE = 6 };  ///< of elements; the rows of `inputs[0]` lie apart

/// What every loss is called with; it takes of these what it knows.
typedef struct c_tensors {
  const void* inputs[4];
  const int64_t* classes;  ///< one a row
  void* loss;
  void* gradients[3];
} c_tensors;

typedef struct c_loss {
  const char* name;
  exactloss_error (*run)(const exactloss_call* call, const c_tensors* tensors);
} c_loss;

/// Ends with a name that is null.
extern const c_loss c_losses[];

#ifdef __cplusplus
}
#endif

#endif  // EXACTLOSS_TESTS_OPTIMIZED_C_API_H

// The Huber loss of two predictions and its gradient, from C.
#include <exactloss/losses_c.h>
#include <stdio.h>

int main(void) {
  const float input[] = {3, 0.5F}, target[] = {1, 1};
  float loss = 0, gradient[2] = {0};

  exactloss_call call = exactloss_default_call();  // f32, fast, mean, one thread
  call.mode = EXACTLOSS_EXACT;
  exactloss_pair pair = exactloss_default_pair();
  pair.columns = 2;
  pair.input.data = input;
  pair.target.data = target;
  pair.loss = &loss;
  pair.input_gradient = gradient;
  const exactloss_huber_parameters parameters = {.delta = 1};

  const exactloss_error error = exactloss_huber(&call, &pair, &parameters);
  if (error.argument != NULL) {
    fprintf(stderr, "%s %s\n", error.argument, error.reason);
    return 1;
  }
  printf("loss %g, gradient %g %g\n", loss, gradient[0], gradient[1]);
  return 0;
}

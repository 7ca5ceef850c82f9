// Cross entropy of one place in double words: all of it for binary64, and what is left in doubt of the rest.
#if defined(EXACTLOSS_OPTIMIZED_ROW_WORDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_ROW_WORDS_INL_H_
#undef EXACTLOSS_OPTIMIZED_ROW_WORDS_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_ROW_WORDS_INL_H_
#endif

#include <vector>

#include "optimized/double_word-inl.h"
#include "optimized/rows.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// What one thread needs, used again for each place.
class WordRow {
 public:
  explicit WordRow(const RowCall& call);

  /// Decides those outputs of a place, as numbers of the call's format, and adds its loss to a sum.
  void Resolve(std::size_t place, const std::vector<RowOutput>& outputs, std::vector<double>* rounded,
               RowSum* sum);

 private:
  struct Value {
    Word2 value;
    double error = 0;
  };
  /// Values of a pack of outputs of one kind.
  struct Lanes {
    double hi[kPackLanes], lo[kPackLanes], error[kPackLanes];
  };

  void Prepare();
  void FillWeights();
  void FillCoefficients();
  void AddUp();
  Value Loss() const;
  Value Top() const;
  void Inputs(const std::size_t (&index)[kPackLanes], Lanes* lanes) const;
  void Targets(const std::size_t (&index)[kPackLanes], Lanes* lanes) const;
  void Settle(RowOutput::Kind kind, std::size_t index, Value* value) const;
  void DecidePending(const std::vector<RowOutput>& outputs, std::vector<double>* rounded);

  const RowCall& call_;
  Quotient inverse_;  ///< of the divisor
  RowMemory memory_;
  RowProblem row_;
  // Of each class: exp(x - max), but 0 at the top, and the coefficient; whole packs.
  std::vector<double> weight_hi_, weight_lo_, c_hi_, c_lo_;
  Word2 rest_, others_, mass_, value_, log_;
  double size_of_value_ = 0, size_of_others_ = 0, size_of_mass_ = 0, infinite_ = 0, unit_ = 0, lost_half_ = 0;
  bool overflow_ = false, extreme_ = false;
  std::vector<RowOutput> pending_;
  std::vector<std::size_t> pending_at_;
  std::vector<double> decided_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ROW_WORDS_INL_H_

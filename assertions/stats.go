package assertions

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// UpperBound is the exact one-sided upper confidence bound of a failure probability after failed of total trials: the
// true probability exceeds it with probability alpha at most. Of no trials it is 1.
//
// C. J. Clopper, E. S. Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial.
// Biometrika 26 (1934), 404–413. In terms of the beta distribution: the 1-alpha quantile of Beta(failed+1, total-failed).
func UpperBound(failed, total int, alpha float64) float64 {
	if total <= 0 || failed >= total || alpha <= 0 {
		return 1
	}
	return distuv.Beta{Alpha: float64(failed) + 1, Beta: float64(total - failed)}.Quantile(1 - alpha)
}

// SampleFor is the smallest number of trials, failed of them failures, after which UpperBound lies below the threshold.
// A threshold that no sample reaches (0 or less) gives math.MaxInt.
func SampleFor(failed int, threshold, alpha float64) int {
	if threshold <= 0 || alpha <= 0 {
		return math.MaxInt
	}
	below := func(n int) bool { return UpperBound(failed, n, alpha) < threshold }
	most := failed + 1
	for !below(most) {
		if most > math.MaxInt32 {
			return math.MaxInt
		}
		most *= 2
	}
	return sort.Search(most, below)
}

// PerLook is the error that one of several looks at the same growing sample may take, so that all together keep within
// 1-confidence: the union bound (Bonferroni's inequality) over the looks, which holds however they depend on each other.
func PerLook(confidence float64, looks int) float64 {
	return (1 - confidence) / float64(max(looks, 1))
}

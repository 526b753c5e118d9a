package assertions

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheUpperBoundIsClopperAndPearsons(t *testing.T) {
	for _, c := range []struct {
		failed, total int
		alpha, want   float64
	}{
		// Without failures the bound is 1 - alpha^(1/n); so 2,995 clean requests show less than 0.1 % at 95 %.
		{0, 2995, 0.05, 1 - math.Pow(0.05, 1.0/2995)},
		{0, 10, 0.05, 0.258866},
		{1, 10, 0.05, 0.394163},
		{10, 100, 0.025, 0.176223}, // the upper end of the two-sided 95 % interval
		{5, 10, 0.025, 0.812914},
		{10, 10, 0.05, 1},
		{0, 0, 0.05, 1},
	} {
		if got := UpperBound(c.failed, c.total, c.alpha); math.Abs(got-c.want) > 2e-6 {
			t.Errorf("UpperBound(%d, %d, %g) = %.7f, want %.7f", c.failed, c.total, c.alpha, got, c.want)
		}
	}
}

func TestTheUpperBoundSolvesTheBinomialTail(t *testing.T) {
	// By definition of the bound p, seeing so few failures has probability alpha.
	for _, c := range []struct{ failed, total int }{{0, 50}, {1, 50}, {3, 200}, {20, 400}} {
		p, tail := UpperBound(c.failed, c.total, 0.05), 0.0
		for k := 0; k <= c.failed; k++ {
			lf, _ := math.Lgamma(float64(c.total + 1))
			lk, _ := math.Lgamma(float64(k + 1))
			lr, _ := math.Lgamma(float64(c.total - k + 1))
			tail += math.Exp(lf - lk - lr + float64(k)*math.Log(p) + float64(c.total-k)*math.Log1p(-p))
		}
		if math.Abs(tail-0.05) > 1e-6 {
			t.Errorf("%d of %d: the tail at the bound is %.7f, want 0.05", c.failed, c.total, tail)
		}
	}
}

func TestTheSmallestSampleThatDecides(t *testing.T) {
	for _, c := range []struct {
		failed           int
		threshold, alpha float64
		want             int
	}{
		{0, 0.001, 0.05, 2995}, {0, 0.001, 0.0125, 4380}, {1, 0.001, 0.05, 4742}, {0, 0, 0.05, math.MaxInt},
	} {
		got := SampleFor(c.failed, c.threshold, c.alpha)
		if got != c.want {
			t.Errorf("SampleFor(%d, %g, %g) = %d, want %d", c.failed, c.threshold, c.alpha, got, c.want)
		}
		if got < math.MaxInt && UpperBound(c.failed, got-1, c.alpha) < c.threshold {
			t.Errorf("%d would have been enough", got-1)
		}
	}
}

// A service just at the threshold must not pass more often than the confidence allows, although every round is looked at.
func TestLookingSeveralTimesKeepsFalsePassesWithinTheError(t *testing.T) {
	const threshold, confidence, rounds, perRound, services = 0.05, 0.95, 8, 100, 4000
	random := rand.New(rand.NewPCG(7, 11))
	falsePasses := func(alpha float64) float64 {
		passed := 0
		// The most failures that each round passes with, so that not every service asks for a quantile.
		var most [rounds + 1]int
		for round := range most {
			for most[round] = -1; UpperBound(most[round]+1, round*perRound, alpha) < threshold; most[round]++ {
			}
		}
		for range services {
			failed := 0
			for round := 1; round <= rounds; round++ {
				for range perRound {
					if random.Float64() < threshold {
						failed++
					}
				}
				if failed <= most[round] {
					passed++
					break
				}
			}
		}
		return float64(passed) / services
	}
	// Three standard errors of a share of 0.05 in 4,000 are 0.0103.
	if got := falsePasses(PerLook(confidence, rounds)); got > 0.05+0.0103 {
		t.Errorf("%.4f of services at the threshold pass, more than 0.05", got)
	}
	// The same without paying for the looks shows that this test can fail.
	if got := falsePasses(1 - confidence); got <= 0.05+0.0103 {
		t.Errorf("unpaid looks give %.4f false passes: this test would not notice them", got)
	}
}

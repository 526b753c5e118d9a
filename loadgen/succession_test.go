package loadgen

import (
	"errors"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestWhatIsLostDoubledOrSwappedIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		numbers                      []uint64
		seen, missing, doubled, late int
		flaws                        []record.Flaw // without their times
	}{
		"in order":                    {[]uint64{5, 6, 7, 8, 9}, 5, 0, 0, 0, nil},
		"one lost":                    {[]uint64{5, 6, 8, 9}, 4, 1, 0, 0, []record.Flaw{{Kind: record.FlawMissing, From: 7, To: 7}}},
		"several lost":                {[]uint64{5, 9}, 2, 3, 0, 0, []record.Flaw{{Kind: record.FlawMissing, From: 6, To: 8}}},
		"the first lost":              {[]uint64{6, 7, 8, 9}, 4, 1, 0, 0, []record.Flaw{{Kind: record.FlawMissing, From: 5, To: 5}}},
		"the last lost":               {[]uint64{5, 6, 7}, 3, 2, 0, 0, []record.Flaw{{Kind: record.FlawMissing, From: 8, To: 9}}},
		"none came":                   {nil, 0, 5, 0, 0, []record.Flaw{{Kind: record.FlawMissing, From: 5, To: 9}}},
		"one doubled":                 {[]uint64{5, 6, 6, 7, 8, 9}, 5, 0, 1, 0, []record.Flaw{{Kind: record.FlawDoubled, From: 6, To: 6}}},
		"two doubled together":        {[]uint64{5, 6, 7, 6, 7, 8, 9}, 5, 0, 2, 0, []record.Flaw{{Kind: record.FlawDoubled, From: 6, To: 7}}},
		"two swapped":                 {[]uint64{5, 7, 6, 8, 9}, 5, 0, 0, 1, []record.Flaw{{Kind: record.FlawDisordered, From: 6, To: 6}}},
		"one late, one of three lost": {[]uint64{5, 9, 7}, 3, 2, 0, 1, []record.Flaw{{Kind: record.FlawMissing, From: 6, To: 6}, {Kind: record.FlawMissing, From: 8, To: 8}, {Kind: record.FlawDisordered, From: 7, To: 7}}},
		"late, and then again":        {[]uint64{5, 7, 6, 6, 8, 9}, 5, 0, 1, 1, []record.Flaw{{Kind: record.FlawDisordered, From: 6, To: 6}, {Kind: record.FlawDoubled, From: 6, To: 6}}},
		"one from before the first":   {[]uint64{4, 5, 6, 7, 8, 9}, 5, 0, 1, 0, []record.Flaw{{Kind: record.FlawDoubled, From: 4, To: 4}}},
	} {
		s := succession{next: 5}
		for _, n := range c.numbers {
			if err := s.take(n, 0, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.end(9, 0, 0)
		if s.seen != c.seen || s.missing() != c.missing || s.doubled != c.doubled || s.disordered != c.late {
			t.Errorf("%s: %d seen, %d missing, %d doubled, %d out of order", name, s.seen, s.missing(), s.doubled, s.disordered)
		}
		got := s.flaws()
		if len(got) != len(c.flaws) {
			t.Errorf("%s: flaws %+v", name, got)
			continue
		}
		for i, f := range got {
			if f != c.flaws[i] {
				t.Errorf("%s: flaw %+v, want %+v", name, f, c.flaws[i])
			}
		}
	}
}

func TestWhatAListTellsIsNotMissing(t *testing.T) {
	s := succession{next: 5}
	s.skip(7)
	s.skip(6) // an older list takes nothing back
	if err := s.take(8, 1, time.Second); err != nil || s.missing() != 0 || s.seen != 1 {
		t.Errorf("%v, %d missing, %d seen", err, s.missing(), s.seen)
	}
	if err := s.take(10, 2, 2*time.Second); err != nil || s.flaws()[0] != (record.Flaw{Kind: record.FlawMissing, From: 9, To: 9, Leg: 2, At: 2 * time.Second}) {
		t.Errorf("%v, %+v", err, s.flaws())
	}
}

func TestWhatASuccessionRemembersIsBounded(t *testing.T) {
	s := succession{next: 1}
	var err error
	for n := uint64(2); err == nil && n < 10*maxHoles; n += 2 {
		err = s.take(n, 0, 0)
	}
	if !errors.Is(err, errTooManyHoles) || len(s.holes) != maxHoles || len(s.flaws()) != record.MaxFlaws {
		t.Errorf("%v after %d holes, %d flaws", err, len(s.holes), len(s.flaws()))
	}
	for range 100 {
		_ = s.take(2, 0, 0)
	}
	if s.doubled != 100 || len(s.odd) > record.MaxFlaws {
		t.Errorf("%d doubled, %d listed", s.doubled, len(s.odd))
	}
}

package assertions

import "github.com/lastcall-dev/lastcall/record"

var _ = register(Check{
	Name:      "watch-continuity",
	Guarantee: "A watch that is resumed from the last version that it knows of, or by a list where that is too old, misses no change, and shows none twice or out of order",
	Reference: "Kubernetes API concepts: efficient detection of changes, 410 Gone, watch bookmarks; etcd API guarantees: ordered, unique, reliable, resumable",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return []record.Finding{f.apiWatches()}
})

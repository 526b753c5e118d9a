package assertions

import (
	"fmt"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// allOfImage is how a roll-out of another image ends: every old pod is gone, and as many new ones are ready and run the
// image that was asked for, which is not the one that the old ones ran.
func (f *facts) allOfImage(o rolled) outcome {
	out := f.allReplaced(o)
	if out.verdict != record.Pass {
		return out
	}
	image := o.fault.Attr["image"]
	_, names := o.replaced()
	old, fresh := f.podsNamed(o.old), f.podsNamed(names)
	is := func(p record.Pod) bool { return p.Image == image }
	switch {
	case image == "" || f.imageless(old, len(o.old)) || f.imageless(fresh, o.wanted):
		out.verdict, out.words = record.Unknown, "Which image each of the pods ran is not in the record"
	case slices.ContainsFunc(old, is):
		out.verdict, out.words = record.Unknown, fmt.Sprintf("Old pods ran %s already, so the roll-out changed nothing", image)
	case !all(fresh, is):
		other := slices.DeleteFunc(slices.Clone(fresh), is)
		out.verdict = record.Fail
		out.words = fmt.Sprintf("%d of %s run %s and not %s: %s", len(other), count(len(fresh), "new pod"), other[0].Image, image, list(podNames(other), 3))
	case slices.ContainsFunc(old, func(p record.Pod) bool { return p.ImageID != "" && p.ImageID == fresh[0].ImageID }):
		out.verdict = record.Unknown
		out.words = fmt.Sprintf("The images have two names and the same content (%s), so the roll-out changed nothing", fresh[0].ImageID)
	default:
		out.words += fmt.Sprintf(", by such as run %s in place of %s", image, old[0].Image)
	}
	return out
}

// allBack is how a roll-out ends that was undone half-way: as many pods as are wanted are ready, all of the template that
// the old ones have, and none is left of those that were made meanwhile of another one.
func (f *facts) allBack(o rolled) outcome {
	undone, known := undoneAt(o.fault)
	originals := f.podsNamed(o.old)
	template := revisionOf(originals)
	taken := f.madeOfOther(template, o.fault.Began, o.ended)
	served := 0
	for _, p := range taken {
		if t := f.byName[p.Name]; t.Ready.Seen() && t.Ready.At <= undone {
			served++
		}
	}
	left := slices.DeleteFunc(podNames(taken), func(name string) bool { return o.gone[name] })
	foreign := slices.DeleteFunc(f.podsNamed(o.ready), func(p record.Pod) bool { return p.Revision == template })
	back := len(o.ready) - len(foreign)
	out := outcome{
		verdict: record.Fail, measured: fmt.Sprintf("%d back", back), wanted: fmt.Sprintf("%d back", o.wanted),
	}
	after := seconds(o.ended - o.fault.Began)
	switch {
	case !known || template == "" || len(originals) < len(o.old) || f.revisionless(o):
		out.verdict, out.words = record.Unknown, "When the roll-out was undone, or of which template each pod was, is not in the record"
	case served == 0 || served >= o.wanted:
		out.verdict = record.Unknown
		out.words = fmt.Sprintf("%d of %d pods had been replaced when the roll-out was undone, so that was not half-way", served, o.wanted)
	case len(left) > 0:
		out.words = fmt.Sprintf("%s of the abandoned template still there %s after the roll-out began: %s", count(len(left), "pod"), after, list(left, 3))
	case back != o.wanted || len(foreign) > 0:
		out.words = fmt.Sprintf("%s of the old template ready %s after the roll-out began instead of %d", count(back, "pod"), after, o.wanted)
	default:
		out.verdict = record.Pass
		out.words = fmt.Sprintf("%d of %d pods had been replaced when the roll-out was undone after %s; within %s all were of the old template again and the %d of the abandoned one were gone",
			served, o.wanted, seconds(undone-o.fault.Began), seconds(o.took), len(taken))
	}
	return out
}

// undoneAt is when the undo was sent.
func undoneAt(x record.Fault) (time.Duration, bool) {
	at, err := time.ParseDuration(x.Attr["undone"])
	return at, err == nil && at >= x.Began
}

// revisionOf the pods; "" where they are of several, or that is not known.
func revisionOf(pods []record.Pod) string {
	if len(pods) == 0 || !all(pods, func(p record.Pod) bool { return p.Revision == pods[0].Revision }) {
		return ""
	}
	return pods[0].Revision
}

// madeOfOther are the pods that were made in that time of another template than this one.
func (f *facts) madeOfOther(template string, from, to time.Duration) []record.Pod {
	var out []record.Pod
	for _, p := range f.run.Pods {
		if at := f.byName[p.Name].Created; p.Revision != template && at.Seen() && at.At >= from && at.At <= to {
			out = append(out, p)
		}
	}
	return out
}

// revisionless reports whether of some pod it is not known of which template it was.
func (f *facts) revisionless(o rolled) bool {
	return len(f.podsNamed(o.ready)) < len(o.ready) ||
		slices.ContainsFunc(f.run.Pods, func(p record.Pod) bool { return p.Revision == "" })
}

// imageless reports whether the image of any of so many pods is not known. Where some container runtime tells what it ran,
// each has to.
func (f *facts) imageless(pods []record.Pod, wanted int) bool {
	told := slices.ContainsFunc(f.run.Pods, func(p record.Pod) bool { return p.ImageID != "" })
	return len(pods) < wanted || slices.ContainsFunc(pods, func(p record.Pod) bool { return p.Image == "" || told && p.ImageID == "" })
}

// podsNamed are the run's pods of these names; one that is not in the record is left out.
func (f *facts) podsNamed(names []string) []record.Pod {
	var out []record.Pod
	for _, p := range f.run.Pods {
		if slices.Contains(names, p.Name) {
			out = append(out, p)
		}
	}
	return out
}

func podNames(pods []record.Pod) []string {
	var out []string
	for _, p := range pods {
		out = append(out, p.Name)
	}
	return out
}

func all(pods []record.Pod, so func(record.Pod) bool) bool {
	return !slices.ContainsFunc(pods, func(p record.Pod) bool { return !so(p) })
}

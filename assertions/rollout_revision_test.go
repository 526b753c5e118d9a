package assertions

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// asPod adds what is known of a pod beside its events.
func asPod(run *record.Run, name, image, revision string) {
	run.Pods = append(run.Pods, record.Pod{Name: name, Image: image, ImageID: "sha256:" + image, Revision: revision})
}

// imageChanged is rollingOut with the pods' images.
func imageChanged() *record.Run {
	run := rollingOut()
	run.Faults[0].Name, run.Faults[0].Attr["image"] = "rolling-update-image", "app:2"
	for i := 1; i <= 3; i++ {
		asPod(run, fmt.Sprintf("old-%d", i), "app:1", "one")
		asPod(run, fmt.Sprintf("new-%d", i), "app:2", "two")
	}
	return run
}

// podNamed of the run.
func podNamed(run *record.Run, name string) *record.Pod {
	i := slices.IndexFunc(run.Pods, func(p record.Pod) bool { return p.Name == name })
	return &run.Pods[i]
}

func TestARollOutOfAnImageEndsWithEveryPodRunningIt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Run)
		want   record.Verdict
		says   string
	}{
		"complete":                       {func(*record.Run) {}, record.Pass, "by such as run app:2 in place of app:1"},
		"until the last old pod is gone": {func(*record.Run) {}, record.Pass, "within 22.00 s, until the last old one was gone"},
		"no container runtime": {func(r *record.Run) {
			for i := range r.Pods {
				r.Pods[i].ImageID = ""
			}
		}, record.Pass, "app:2"},
		"one new pod runs the old image": {func(r *record.Run) { podNamed(r, "new-2").Image = "app:1" }, record.Fail, "1 of 3 new pods run app:1 and not app:2: new-2"},
		"one old pod stays":              {func(r *record.Run) { withoutEvents(r, record.PodGone, "old-2") }, record.Fail, "1 of 3 old pods were still there"},
		"too few were ready": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt+time.Second, record.PodNotReady, "old-3"))
		}, record.Fail, "Only 2 of 3"},
		"an image is not known":          {func(r *record.Run) { podNamed(r, "new-3").Image = "" }, record.Unknown, "not in the record"},
		"what ran is not known":          {func(r *record.Run) { podNamed(r, "new-3").ImageID = "" }, record.Unknown, "not in the record"},
		"a pod is not in the record":     {func(r *record.Run) { r.Pods = r.Pods[1:] }, record.Unknown, "not in the record"},
		"the image is not in the record": {func(r *record.Run) { delete(r.Faults[0].Attr, "image") }, record.Unknown, "not in the record"},
		"the old pods ran the new image": {func(r *record.Run) { podNamed(r, "old-1").Image = "app:2" }, record.Unknown, "changed nothing"},
		"another name for the same image": {func(r *record.Run) {
			for i := range r.Pods {
				r.Pods[i].ImageID = "sha256:same"
			}
		}, record.Unknown, "the same content (sha256:same)"},
	} {
		t.Run(name, func(t *testing.T) {
			run := imageChanged()
			c.change(run)
			f := wants(t, run, "rollout-complete", "", c.want, unexplainedIf(c.want))
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func unexplainedIf(v record.Verdict) string {
	if v == record.Fail {
		return record.Unexplained
	}
	return ""
}

// undoneHalfWay is a run of four pods: two are replaced and a third is on its way when the roll-out is undone, and then two
// of the old template come back.
func undoneHalfWay() *record.Run {
	run := &record.Run{SLO: record.DefaultSLO(), Workload: record.Workload{Name: "app", Replicas: 4, Strategy: "RollingUpdate"}}
	run.Faults = []record.Fault{{Name: "rolling-update-undone", Target: "app", Round: 1, Began: deletedAt, Ended: deletedAt, Happened: true,
		Attr: map[string]string{"pods": "old-1,old-2,old-3,old-4", "image": "app:2", "undone": (deletedAt + 7*time.Second).String()}}}
	run.Windows = []record.Window{{Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + 30*time.Second}}
	see := func(after time.Duration, kind, pod string) {
		run.Events = append(run.Events, podEvent(deletedAt+after, kind, pod))
	}
	leaves := func(after time.Duration, pod string) {
		see(after, record.PodTerminating, pod)
		see(after+12*time.Second, record.PodGone, pod)
	}
	comes := func(after time.Duration, pod, image, revision string) {
		asPod(run, pod, image, revision)
		see(after-time.Second, record.PodCreated, pod)
		see(after, record.PodReady, pod)
	}
	for i := 1; i <= 4; i++ {
		comes(-5*time.Second, fmt.Sprintf("old-%d", i), "app:1", "one")
	}
	for i := 1; i <= 2; i++ {
		comes(time.Duration(i)*3*time.Second, fmt.Sprintf("new-%d", i), "app:2", "two")
		leaves(time.Duration(i)*3*time.Second, fmt.Sprintf("old-%d", i))
	}
	asPod(run, "new-3", "app:2", "two")
	see(6500*time.Millisecond, record.PodCreated, "new-3")
	leaves(7100*time.Millisecond, "new-3")
	for i := 1; i <= 2; i++ {
		comes(time.Duration(7+i*3)*time.Second, fmt.Sprintf("back-%d", i), "app:1", "one")
		leaves(time.Duration(7+i*3)*time.Second, fmt.Sprintf("new-%d", 3-i))
	}
	return run
}

func TestARollOutThatIsUndoneLeavesTheOldTemplateOnly(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Run)
		want   record.Verdict
		says   string
	}{
		"all back":      {func(*record.Run) {}, record.Pass, "2 of 4 pods had been replaced when the roll-out was undone after 7.00 s; within 25.00 s all were of the old template again and the 3 of the abandoned one were gone"},
		"never too few": {func(*record.Run) {}, record.Pass, "never fewer than 4 were ready"},
		"too few were ready": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt+8*time.Second, record.PodNotReady, "old-3"))
		}, record.Fail, "Only 3 of 4"},
		"a new pod stays":                {func(r *record.Run) { withoutEvents(r, record.PodGone, "new-2") }, record.Fail, "1 pod of the abandoned template still there"},
		"one that was never ready stays": {func(r *record.Run) { withoutEvents(r, record.PodGone, "new-3") }, record.Fail, "new-3"},
		"one does not come back": {func(r *record.Run) {
			withoutEvents(r, record.PodReady, "back-2")
			r.Workload.MaxUnavailable = 1
		}, record.Fail, "3 pods of the old template ready 30.00 s after"},
		"one comes back of a third template":  {func(r *record.Run) { podNamed(r, "back-1").Revision = "three" }, record.Fail, "abandoned template still there"},
		"undone before anything was replaced": {func(r *record.Run) { r.Faults[0].Attr["undone"] = (deletedAt + time.Second).String() }, record.Unknown, "0 of 4"},
		"a template is not known":             {func(r *record.Run) { podNamed(r, "new-1").Revision = "" }, record.Unknown, "not in the record"},
		"the old ones were of two templates":  {func(r *record.Run) { podNamed(r, "old-4").Revision = "zero" }, record.Unknown, "not in the record"},
		"when it was undone is not known":     {func(r *record.Run) { delete(r.Faults[0].Attr, "undone") }, record.Unknown, "not in the record"},
		"the watch had a gap": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt + time.Second, Source: record.SourceHeartbeat, Kind: record.WatchGap, Object: "pods"})
		}, record.Unknown, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			run := undoneHalfWay()
			c.change(run)
			f := wants(t, run, "rollout-complete", "", c.want, unexplainedIf(c.want))
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

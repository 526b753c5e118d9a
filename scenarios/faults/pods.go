package faults

import (
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// PodsAttr is the attribute of a fault that names the pods that it is to end, separated by commas.
const PodsAttr = "pods"

func joined(pods []record.Pod) string { return strings.Join(names(pods), ",") }

// marked are the pods of the fault.
func marked(fault record.Fault) []string {
	if fault.Attr[PodsAttr] == "" {
		return nil
	}
	return strings.Split(fault.Attr[PodsAttr], ",")
}

// ending counts the fault's pods that were seen terminating, or gone, since it began.
func ending(fault record.Fault, events []record.Event) int {
	wanted := make(map[string]bool)
	for _, name := range marked(fault) {
		wanted[name] = true
	}
	seen := 0
	for _, e := range events {
		ends := e.Kind == record.PodTerminating || e.Kind == record.PodGone
		if e.Source == record.SourcePod && ends && e.At >= fault.Began && wanted[e.Object] {
			delete(wanted, e.Object)
			seen++
		}
	}
	return seen
}

// arrived counts the pods that became ready since the fault began and are none of its own.
func arrived(fault record.Fault, events []record.Event) int {
	known := make(map[string]bool)
	for _, name := range marked(fault) {
		known[name] = true
	}
	seen := 0
	for _, e := range events {
		if e.Source == record.SourcePod && e.Kind == record.PodReady && e.At >= fault.Began && !known[e.Object] {
			known[e.Object] = true
			seen++
		}
	}
	return seen
}

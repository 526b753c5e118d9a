package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// ImageSetter has the pods of the stage's application replaced by such as run another image, as `kubectl set image` does.
// Began was taken just before the request was sent, accepted when its answer had come.
type ImageSetter interface {
	// Images are ready to be run wherever pods are: the one that the application was deployed with, then another one.
	Images() []string
	SetImage(ctx context.Context, image string) (began, accepted time.Time, err error)
}

// ImageAttr is the attribute of a fault that names the image that it has the pods run.
const ImageAttr = "image"

// RollingUpdateImage replaces all pods of the application by such as run another image.
type RollingUpdateImage struct{}

// Name implements Fault.
func (RollingUpdateImage) Name() string { return "rolling-update-image" }

// HappensWithin implements Gradual.
func (RollingUpdateImage) HappensWithin() time.Duration { return rolloutLimit }

// Inject has every agent probe every pod, and sets the image. Rounds take turns: the second image, the first one again.
// The fault's target is the workload.
//
// There is no undo and nothing in the journal: what is changed is the run's own Deployment, in the run's own namespace,
// which is in the journal and goes with the run whatever image it is at.
func (r RollingUpdateImage) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := rollout(r, stage, in)
	setter, image, err := imageOf(r, stage, in.Round%2)
	if err != nil {
		return fault, nil, err
	}
	if _, err := probeReplaced(ctx, stage, in, &fault); err != nil {
		return fault, nil, err
	}
	return fault, nil, setImage(ctx, setter, image, in, &fault)
}

// Happened implements Fault: every pod that was ready before has been seen terminating, or gone, and as many were seen to
// be made of the image and to become ready.
func (RollingUpdateImage) Happened(fault record.Fault, events []record.Event) bool {
	old := marked(fault)
	_, ready := ofImage(fault, events)
	return len(old) > 0 && ending(fault, events) == len(old) && ready >= len(old)
}

// imageOf the stage's two, by its index.
func imageOf(of Fault, stage fixtures.Stage, index int) (ImageSetter, string, error) {
	setter, ok := stage.(ImageSetter)
	if !ok {
		return nil, "", fmt.Errorf("injecting %s: this platform cannot change an image", of.Name())
	}
	images := setter.Images()
	if len(images) != 2 || images[0] == images[1] {
		return nil, "", fmt.Errorf("injecting %s: it takes two images, and there are %q", of.Name(), images)
	}
	return setter, images[index], nil
}

// setImage begins the fault.
func setImage(ctx context.Context, setter ImageSetter, image string, in Injection, fault *record.Fault) error {
	fault.Attr[ImageAttr] = image
	in.Progress("changing the image of " + fault.Target + " to " + image)
	began, accepted, err := setter.SetImage(ctx, image)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	if err != nil {
		return fmt.Errorf("changing the image of %s: %w", fault.Target, err)
	}
	return nil
}

// ofImage are the pods that were made of the fault's image since it began, and how many of them became ready.
func ofImage(fault record.Fault, events []record.Event) (pods map[string]bool, ready int) {
	pods = make(map[string]bool)
	served := make(map[string]bool)
	for _, e := range events {
		switch {
		case e.Source != record.SourcePod || e.At < fault.Began:
		case e.Kind == record.PodCreated && fault.Attr[ImageAttr] != "" && e.Attr["image"] == fault.Attr[ImageAttr]:
			pods[e.Object] = true
		case e.Kind == record.PodReady && pods[e.Object]:
			served[e.Object] = true
		}
	}
	return pods, len(served)
}

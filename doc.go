// Package lastcall is the root of a chaos and conformance harness for graceful shutdown on Kubernetes. It holds no code
// of its own: the command is in cmd/lastcall, and the folders' documentation says what each is for.
package lastcall

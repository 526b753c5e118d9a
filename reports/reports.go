package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// Format renders a run into one file.
type Format struct {
	Name string // "html"
	File string // the file's name in the run's folder, "report.html"
	// Write renders the run. It leaves the run as it is.
	Write func(io.Writer, *record.Run) error
}

var formats []Format

// register adds a format while the package is initialised.
func register(f Format) Format {
	formats = append(formats, f)
	return f
}

// All lists the formats by name.
func All() []Format {
	all := slices.Clone(formats)
	slices.SortFunc(all, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Write renders the run in all formats into dir, which it makes if need be. A format that fails does not keep the others
// from being written; the error joins what went wrong.
func Write(dir string, run *record.Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the report's folder: %w", err)
	}
	var errs []error
	for _, f := range All() {
		errs = append(errs, writeFile(filepath.Join(dir, f.File), func(w io.Writer) error { return f.Write(w, run) }))
	}
	return errors.Join(errs...)
}

// writeFile renders into memory first, so that a format that fails half-way leaves no half a file that looks like a
// whole one.
func writeFile(path string, render func(io.Writer) error) error {
	var buf bytes.Buffer
	if err := render(&buf); err != nil {
		return fmt.Errorf("rendering %s: %w", path, err)
	}
	return record.WriteFile(path, buf.Bytes())
}

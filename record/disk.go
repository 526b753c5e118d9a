package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// The files of a saved run.
const (
	RunFile      = "run.json"
	RequestsFile = "requests.parquet"
)

// ErrNotARun is wrapped by Open's errors when the folder is no saved run, or not a whole one.
var ErrNotARun = errors.New("not a saved run")

// Save writes the run into the folder, which is made if need be. The requests are written first and each file replaces
// its predecessor in one step, so that a save that is cut short leaves either the earlier run or the new one.
func Save(dir string, run *Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	var table bytes.Buffer
	all := slices.Concat(run.Requests, run.APIRequests)
	if err := writeRequests(&table, all); err != nil {
		return fmt.Errorf("encoding %d requests: %w", len(all), err)
	}
	sum := sha256.Sum256(table.Bytes())
	run.Schema, run.RequestsDigest, run.RequestsCount = Schema, hex.EncodeToString(sum[:]), len(all)
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the run: %w", err)
	}
	if err := WriteFile(filepath.Join(dir, RequestsFile), table.Bytes()); err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, RunFile), append(text, '\n'))
}

// SaveFindings writes only what judging changed; the requests stay as they are.
func SaveFindings(dir string, run *Run) error {
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the run: %w", err)
	}
	return WriteFile(filepath.Join(dir, RunFile), append(text, '\n'))
}

// Open reads a saved run, its requests included. Its errors wrap ErrNotARun where the folder is empty, foreign, cut
// short or of a newer schema.
func Open(dir string) (*Run, error) {
	text, err := os.ReadFile(filepath.Join(dir, RunFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: there is no %s", dir, ErrNotARun, RunFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	run := new(Run)
	if err := json.Unmarshal(text, run); err != nil {
		return nil, fmt.Errorf("%s: %w: %s is damaged: %w", dir, ErrNotARun, RunFile, err)
	}
	if run.Schema < 1 || run.Schema > Schema {
		return nil, fmt.Errorf("%s: %w: %s has schema %d, this program reads 1 to %d", dir, ErrNotARun, RunFile, run.Schema, Schema)
	}
	table, err := os.ReadFile(filepath.Join(dir, RequestsFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", dir, ErrNotARun, err)
	}
	if sum := sha256.Sum256(table); hex.EncodeToString(sum[:]) != run.RequestsDigest {
		return nil, fmt.Errorf("%s: %w: %s is not the file that was saved with %s (its SHA-256 differs: cut short or changed)", dir, ErrNotARun, RequestsFile, RunFile)
	}
	all, err := readRequests(table)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s: %w", dir, ErrNotARun, RequestsFile, err)
	}
	if len(all) != run.RequestsCount {
		return nil, fmt.Errorf("%s: %w: %s holds %d requests, %s says %d", dir, ErrNotARun, RequestsFile, len(all), RunFile, run.RequestsCount)
	}
	run.Requests, run.APIRequests = Apart(all)
	return run, nil
}

// Apart tells the requests to the service from those to the Kubernetes API, each in the order in which they were.
func Apart(all []Request) (service, api []Request) {
	for _, r := range all {
		if r.Class.OnAPI() {
			api = append(api, r)
		} else {
			service = append(service, r)
		}
	}
	return service, api
}

func writeRequests(w io.Writer, requests []Request) error {
	table := parquet.NewGenericWriter[Request](w, parquet.Compression(&parquet.Zstd))
	if _, err := table.Write(requests); err != nil {
		return err
	}
	return table.Close()
}

func readRequests(table []byte) ([]Request, error) {
	return parquet.Read[Request](bytes.NewReader(table), int64(len(table)))
}

// WriteFile replaces the file in one step: readers see the old text or the new one, whole.
func WriteFile(path string, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), removeIfThere(file.Name()))
		}
	}()
	if _, err = file.Write(text); err != nil {
		return errors.Join(err, file.Close())
	}
	if err = errors.Join(file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrClaimed means that another run is using the cluster: two that disrupt one cluster would judge each other.
var ErrClaimed = errors.New("another run is using this cluster")

// Claim keeps other runs of this machine off the cluster until release is called or the process ends, however it ends.
// Its errors are ErrClaimed, and ErrLeftovers where a killed run has left something there.
func Claim(folder, cluster string) (release func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("claiming cluster %s: %w", cluster, err)
	}
	name := sha256.Sum256([]byte(cluster)) // an identity holds characters that no file name may
	path := filepath.Join(folder, fmt.Sprintf("cluster-%x.lock", name[:6]))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claiming cluster %s: %w", cluster, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrClaimed, cluster), file.Close())
	}
	release = func() { _ = file.Close() } // which lets go of the lock
	if err := Clean(folder, cluster); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

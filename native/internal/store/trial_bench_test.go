package store

import (
	"os"
	"testing"

	"go.podman.io/storage/types"
	"golang.org/x/sys/unix"
)

// BenchmarkOpen opens and closes a store whose driver is remembered, and one whose driver is tried each time.
func BenchmarkOpen(b *testing.B) {
	for _, remembered := range []bool{true, false} {
		b.Run(map[bool]string{true: "remembered", false: "tried"}[remembered], func(b *testing.B) {
			home := b.TempDir()
			// The library makes a mount of the driver's directory.
			b.Cleanup(func() { _ = unix.Unmount(home+"/graph/overlay", unix.MNT_DETACH) })
			options := types.StoreOptions{GraphRoot: home + "/graph", RunRoot: home + "/run"}
			for b.Loop() {
				opened, err := OpenAt(options, Wish{})
				if err != nil {
					b.Fatal(err)
				}
				if err := opened.Close(); err != nil {
					b.Fatal(err)
				}
				if !remembered {
					_ = os.Remove(home + "/run/slipway-drivers.json")
				}
			}
		})
	}
}

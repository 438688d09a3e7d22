// Command scribe runs inside images under test and makes what a shell cannot.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var acts = map[string]func(args []string) error{
	// attribute FILE NAME VALUE
	"attribute": func(args []string) error { return syscall.Setxattr(args[0], args[1], []byte(args[2]), 0) },
	// capability FILE: cap_net_bind_service, effective and permitted
	"capability": func(args []string) error {
		value := "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		return syscall.Setxattr(args[0], "security.capability", []byte(value), 0)
	},
	// sparse FILE SIZE: a letter at every mebibyte
	"sparse": func(args []string) error {
		size, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		file, err := os.Create(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		for at := int64(0); at < size; at += 1 << 20 {
			if _, err := file.WriteAt([]byte("x"), at); err != nil {
				return err
			}
		}
		return file.Truncate(size)
	},
	// many DIRECTORY COUNT: files of a few bytes, a thousand to a directory
	"many": func(args []string) error {
		count, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		for i := range count {
			directory := filepath.Join(args[0], strconv.Itoa(i/1000))
			if i%1000 == 0 {
				if err := os.MkdirAll(directory, 0o755); err != nil {
					return err
				}
			}
			if err := os.WriteFile(filepath.Join(directory, strconv.Itoa(i)), []byte(strconv.Itoa(i)), 0o644); err != nil {
				return err
			}
		}
		return nil
	},
	// names DIRECTORY: names that are legal and odd, as long as fuse-overlayfs takes them
	"names": func(args []string) error {
		for _, name := range []string{" ", "a b", "-n", "\n", "\t", "*", "?", "[x]", "\\", "'", "\"", "$HOME", "!", "~", "#", "é", "имя", "名前",
			"\xff\xfe", "a.wh.b", "wh.", strings.Repeat("n", 251), strings.Repeat("é", 125)} {
			if err := os.WriteFile(filepath.Join(args[0], name), []byte(name), 0o600); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
		return nil
	},
	// deep DIRECTORY DEPTH: directories of 100 letters inside each other, a file in the last
	"deep": func(args []string) error {
		depth, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		directory := args[0]
		for range depth {
			directory = filepath.Join(directory, strings.Repeat("d", 100))
		}
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(directory, "end"), []byte("end"), 0o644)
	},
	// date FILE SECONDS
	"date": func(args []string) error {
		seconds, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return os.Chtimes(args[0], time.Unix(seconds, 0), time.Unix(seconds, 0))
	},
	// same FILE TEXT: other content of the same length, at the same time
	"same": func(args []string) error {
		status, err := os.Stat(args[0])
		if err != nil {
			return err
		}
		if err := os.WriteFile(args[0], []byte(args[1]), 0o644); err != nil {
			return err
		}
		return os.Chtimes(args[0], status.ModTime(), status.ModTime())
	},
	// open FILE: opens for writing, and writes nothing
	"open": func(args []string) error {
		file, err := os.OpenFile(args[0], os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return file.Close()
	},
	// socket PATH
	"socket": func(args []string) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		return syscall.Bind(fd, &syscall.SockaddrUnix{Name: args[0]})
	},
}

func main() {
	act, known := acts[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "unknown act", os.Args[1])
		os.Exit(2)
	}
	if err := act(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

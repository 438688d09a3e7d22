package dockerfile

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"time"

	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/recipe"
)

// attempts is how often a download is tried, and pause how long the first wait between two is.
const (
	attempts = 4
	pause    = time.Second
)

// download gets a file of a web server. Network errors, 429 and 5xx are tried again.
func download(ctx context.Context, address, checksum, to string) (recipe.FileSource, error) {
	wanted := digest.Digest(checksum)
	if checksum != "" {
		if err := wanted.Validate(); err != nil {
			return recipe.FileSource{}, fmt.Errorf("--checksum=%s: %w", checksum, err)
		}
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return recipe.FileSource{}, fmt.Errorf("%s is no address: %w", address, err)
	}
	source := recipe.FileSource{Name: fileName(parsed), Path: to}
	for attempt := 1; ; attempt++ {
		final := false
		if source.Modified, final, err = get(ctx, parsed, wanted, to); err == nil {
			return source, nil
		}
		if final || attempt == attempts || ctx.Err() != nil {
			return recipe.FileSource{}, fmt.Errorf("downloading %s: %w", parsed.Redacted(), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause << (attempt - 1)):
		}
	}
}

// fileName is the last part of an address's path.
func fileName(address *url.URL) string {
	if name := path.Base(address.Path); name != "." && name != "/" {
		return name
	}
	return "__unnamed__"
}

// get tries once. final says that another try would give the same.
func get(ctx context.Context, address *url.URL, wanted digest.Digest, to string) (modified time.Time, final bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return modified, true, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return modified, false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		passing := answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
		return modified, !passing, fmt.Errorf("the server answered %s", answer.Status)
	}
	got, err := keep(answer.Body, wanted, to)
	if err != nil {
		return modified, false, err
	}
	if wanted != "" && got != wanted {
		return modified, true, fmt.Errorf("its checksum is %s, not %s", got, wanted)
	}
	// What is no time leaves the zero value: the epoch is taken then.
	modified, _ = http.ParseTime(answer.Header.Get("Last-Modified"))
	return modified, false, nil
}

// keep writes a body to a file and gives its digest, of the algorithm that is wanted.
func keep(body io.Reader, wanted digest.Digest, to string) (digest.Digest, error) {
	algorithm := digest.Canonical
	if wanted != "" {
		algorithm = wanted.Algorithm()
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	digester := algorithm.Digester()
	_, err = io.Copy(io.MultiWriter(file, digester.Hash()), body)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return digester.Digest(), err
}

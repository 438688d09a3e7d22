package dockerfile

import (
	"errors"
	"testing"
)

func TestWhatCannotBeBuiltIsFoundBeforeAnythingBegins(t *testing.T) {
	for text, want := range map[string]Unsupported{
		"ADD https://example.com/a.git /a":              {Line: 3, What: "ADD of a git repository"},
		"ADD git@example.com:a/b.git /a":                {Line: 3, What: "ADD of a git repository"},
		"ADD --keep-git-dir=true https://e.com/a.git /": {Line: 3, What: "ADD --keep-git-dir"},
		"RUN --device=vendor.com/device true":           {Line: 3, What: "RUN --device"},
	} {
		w := newWorkplace(t)
		_, err := w.builder().Build(t.Context(), w.request("FROM scratch\nRUN first\n"+text), w)
		var got *Unsupported
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %v", text, err)
		}
		if len(w.steps)+len(w.made) > 0 {
			t.Errorf("%s: began with %q", text, w.steps)
		}
	}
}

func TestWhatNobodyNeedsMayBeUnsupported(t *testing.T) {
	w := newWorkplace(t)
	request := w.request("FROM scratch AS other\nRUN --device=a.com/b true\nFROM scratch\n" +
		"RUN --mount=type=tmpfs,target=/t --mount=target=/s --network=none --security=insecure true\nADD --checksum=sha256:" +
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 a /a\nCOPY --link --chmod=0755 --exclude=*.o a /b\n")
	request.ContextSocket = serveContext(t, "/dir")
	if _, err := w.builder().Build(t.Context(), request, w); err != nil {
		t.Error(err)
	}
}

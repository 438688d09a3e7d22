package store

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAHistoryTellsOfAsManyLayersAsThereAre(t *testing.T) {
	const empty = `{"created_by":"e","empty_layer":true}`
	for name, c := range map[string]struct {
		layers        int
		given, wanted string
	}{
		"none stays none":               {2, `null`, ``},
		"one that fits stays":           {1, `[{"created_by":"a"},` + empty + `]`, `[{"created_by":"a"},` + empty + `]`},
		"the last ones are marked":      {1, `[{"created_by":"a"},{"created_by":"b"}]`, `[{"created_by":"a"},{"created_by":"b","empty_layer":true}]`},
		"what lacks is put in front":    {2, `[{"created_by":"a"},` + empty + `]`, `[{},{"created_by":"a"},` + empty + `]`},
		"an entry of nothing is marked": {0, `[null]`, `[{"empty_layer":true}]`},
	} {
		layers := "[" + strings.TrimSuffix(strings.Repeat(`"x",`, c.layers), ",") + "]"
		own := `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":` + layers + `}}`
		got, _, err := Reconfigured([]byte(own), []byte(`{"history":`+c.given+`}`))
		if err != nil || string(got["history"]) != c.wanted {
			t.Errorf("%s: %s, %v", name, got["history"], err)
		}
	}
}

func TestAConfigurationKeepsWhatIsNotAboutAMachine(t *testing.T) {
	own := `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}`
	got, hasDocker, err := Reconfigured([]byte(own), []byte(`{"architecture":"arm64","container":"x","author":"me",
		"config":{"Hostname":"h","User":"","StopSignal":"SIGINT","Shell":["/bin/sh"]},"rootfs":null}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const wanted = `{"architecture":"arm64","author":"me","config":{"Shell":["/bin/sh"],"StopSignal":"SIGINT"},"os":"linux",` +
		`"rootfs":{"type":"layers","diff_ids":[]}}`
	if string(text) != wanted || !hasDocker {
		t.Errorf("%s, %v", text, hasDocker)
	}
}

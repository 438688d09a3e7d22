package dockerfile

import (
	"encoding/json"
	"strings"
	"testing"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"

	"slipway.dev/engine/internal/recipe"
)

// baseImage is called `base` in the tests.
func baseImage() recipe.Image {
	var image recipe.Image
	config := &image.Configuration.Config
	config.Env = []string{"PATH=/own/bin", "A=base"}
	config.Cmd, config.WorkingDir, config.User = []string{"base-cmd"}, "/base", "1000"
	config.Labels = map[string]string{"from": "base"}
	config.Healthcheck = &imagespec.HealthcheckConfig{Test: []string{"CMD", "check"}}
	config.OnBuild = []string{"ENV T=1", "LABEL trigger=$A"}
	return image
}

func TestWhatInstructionsMakeOfTheConfiguration(t *testing.T) {
	onBase := `"User":"1000","Env":["PATH=/own/bin","A=base","T=1"],"Cmd":["base-cmd"],"WorkingDir":"/base",` +
		`"Labels":{"from":"base","trigger":"base"},"Healthcheck":{"Test":["CMD","check"]}`
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                         {"FROM scratch", `{}`},
		"a base's triggers come first":    {"FROM base", `{` + onBase + `}`},
		"CMD in the shell":                {"FROM scratch\nCMD a  b", `{"Cmd":["/bin/sh","-c","a  b"]}`},
		"CMD as a list":                   {`FROM scratch` + "\n" + `CMD ["a", "b c"]`, `{"Cmd":["a","b c"]}`},
		"SHELL changes what follows":      {"FROM scratch\nCMD a\nSHELL [\"/b\", \"-x\"]\nENTRYPOINT c", `{"Entrypoint":["/b","-x","c"],"Cmd":["/bin/sh","-c","a"],"Shell":["/b","-x"]}`},
		"the last CMD wins":               {"FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]", `{"Cmd":["b"]}`},
		"ENTRYPOINT resets base's CMD":    {"FROM base\nENTRYPOINT [\"e\"]\nENV T=2\nLABEL trigger=2", `{"User":"1000","Env":["PATH=/own/bin","A=base","T=2"],"Entrypoint":["e"],"WorkingDir":"/base","Labels":{"from":"base","trigger":"2"},"Healthcheck":{"Test":["CMD","check"]}}`},
		"ENTRYPOINT keeps an own CMD":     {"FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"e\"]", `{"Entrypoint":["e"],"Cmd":["a"]}`},
		"ENTRYPOINT resets a stage's CMD": {"FROM scratch AS s\nCMD [\"a\"]\nFROM s\nENTRYPOINT [\"e\"]", `{"Entrypoint":["e"]}`},
		"ENV in all spellings":            {"FROM scratch\nENV A=1 B=\"two words\" C=a\\ b\nENV D e f", `{"Env":["A=1","B=two words","C=a b","D=e f"]}`},
		"ENV is replaced where it stands": {"FROM scratch\nENV A=1 B=2\nENV A=3", `{"Env":["A=3","B=2"]}`},
		"ENV sees what was before it":     {"FROM scratch\nENV A=1\nENV A=2 B=$A", `{"Env":["A=2","B=1"]}`},
		"PATH has a default":              {"FROM scratch\nENV PATH=/x:$PATH", `{"Env":["PATH=/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}`},
		"quotes and defaults":             {"FROM scratch\nENV A='$x' B=${x:-d} C=${x:+y} D=\\$x", `{"Env":["A=$x","B=d","C=","D=$x"]}`},
		"ARG before FROM is not inside":   {"ARG V=1\nFROM scratch\nENV A=x$V", `{"Env":["A=x"]}`},
		"ARG before FROM, declared":       {"ARG V=1\nFROM scratch\nARG V\nENV A=x$V", `{"Env":["A=x1"]}`},
		"ARG in its stage alone":          {"FROM scratch AS s\nARG V=1\nFROM s\nENV A=x$V", `{"Env":["A=x"]}`},
		"ARG from outside":                {"FROM scratch\nARG GIVEN=default\nENV A=$GIVEN", `{"Env":["A=given"]}`},
		"chained ARGs":                    {"FROM scratch\nARG V=1\nARG W=$V-$GIVEN\nARG GIVEN\nARG X=$W-$GIVEN\nENV A=$X", `{"Env":["A=1--given"]}`},
		"ENV hides ARG":                   {"FROM scratch\nENV V=env\nARG V=arg\nENV A=$V", `{"Env":["V=env","A=env"]}`},
		"ARGs of the platform":            {"FROM scratch\nARG TARGETPLATFORM\nARG TARGETARCH\nENV A=$TARGETPLATFORM,$TARGETARCH,$TARGETOS", `{"Env":["A=linux/amd64,amd64,"]}`},
		"WORKDIR one after another":       {"FROM scratch\nWORKDIR a/../b\nWORKDIR c/\nENV D=d\nWORKDIR $D", `{"Env":["D=d"],"WorkingDir":"/b/c/d"}`},
		"WORKDIR in that of the base":     {"FROM base\nWORKDIR x\nCMD []\nHEALTHCHECK NONE\nUSER 0", `{"User":"0","Env":["PATH=/own/bin","A=base","T=1"],"WorkingDir":"/base/x","Labels":{"from":"base","trigger":"base"},"Healthcheck":{"Test":["NONE"]}}`},
		"USER":                            {"FROM scratch\nARG U=me\nUSER $U:staff", `{"User":"me:staff"}`},
		"LABEL":                           {"FROM scratch\nLABEL a=1 \"b c\"=\"d e\"\nLABEL a=2", `{"Labels":{"a":"2","b c":"d e"}}`},
		"EXPOSE":                          {"FROM scratch\nARG P=90\nEXPOSE 80 81/UDP $P 7000-7002/tcp 127.0.0.1:1:2", `{"ExposedPorts":{"2/tcp":{},"7000/tcp":{},"7001/tcp":{},"7002/tcp":{},"80/tcp":{},"81/udp":{},"90/tcp":{}}}`},
		"VOLUME":                          {"FROM scratch\nVOLUME /a /b\nVOLUME [\"/c d\"]", `{"Volumes":{"/a":{},"/b":{},"/c d":{}}}`},
		"STOPSIGNAL":                      {"FROM scratch\nSTOPSIGNAL SIGINT", `{"StopSignal":"SIGINT"}`},
		"HEALTHCHECK": {"FROM scratch\nHEALTHCHECK --interval=5m --timeout=3s --start-period=1s --start-interval=2s --retries=4 CMD curl x || exit 1",
			`{"Healthcheck":{"Test":["CMD-SHELL","curl x || exit 1"],"Interval":300000000000,"Timeout":3000000000,"StartPeriod":1000000000,"StartInterval":2000000000,"Retries":4}}`},
		"ONBUILD is kept for others":         {"FROM scratch\nONBUILD RUN echo $x\nONBUILD COPY . /", `{"OnBuild":["RUN echo $x","COPY . /"]}`},
		"ONBUILD runs in the next stage":     {"FROM scratch AS s\nENV A=1\nONBUILD ENV B=$A\nFROM s", `{"Env":["A=1","B=1"]}`},
		"stages do not change each other":    {"FROM scratch AS s\nENV A=1\nLABEL a=1\nFROM s AS t\nENV A=2\nLABEL a=2\nFROM s", `{"Env":["A=1"],"Labels":{"a":"1"}}`},
		"an empty ENTRYPOINT removes one":    {"FROM scratch\nENTRYPOINT [\"a\"]\nENTRYPOINT []", `{}`},
		"RUN and COPY leave it alone":        {"FROM scratch\nARG A=1\nRUN true\nCOPY a /a", `{}`},
		"proxies get in nowhere":             {"FROM scratch\nRUN true\nENV A=x$HTTP_PROXY", `{"Env":["A=x"]}`},
		"another character escapes":          {"# escape=`\nFROM scratch\nENV A=a`\n=b B=c\\d", `{"Env":["A=a=b","B=c\\d"]}`},
		"names of stages have no case":       {"FROM scratch AS Some\nENV A=1\nFROM sOME", `{"Env":["A=1"]}`},
		"a syntax line is a comment":         {"# syntax=docker/dockerfile:1\nFROM scratch\nENV A=1", `{"Env":["A=1"]}`},
		"MAINTAINER is outside of it":        {"FROM scratch\nMAINTAINER me", `{}`},
		"variables of FROM":                  {"ARG B=scr\nFROM ${B}atch\nENV A=1", `{"Env":["A=1"]}`},
		"here-documents are no instructions": {"FROM scratch\nRUN <<EOF\nENV A=1\nEOF\nENV B=2", `{"Env":["B=2"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkplace(t)
			w.bases["base"] = baseImage()
			image := w.build(t, test.text, "GIVEN", "given", "HTTP_PROXY", "http://proxy")
			config := image.Configuration.Config
			if len(config.Env) > 0 && config.Env[0] == "PATH="+defaultPath {
				config.Env = config.Env[1:]
			} else if !strings.HasPrefix(config.Env[0], "PATH=/") {
				t.Errorf("no PATH: %q", config.Env)
			}
			got, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestHistoryHasAnEntryForEachInstruction(t *testing.T) {
	w := newWorkplace(t)
	w.idle = func(made recipe.Recipe) bool { _, isRun := made.Steps[0].(recipe.Run); return isRun }
	image := w.build(t, "FROM scratch\nMAINTAINER me\nCOPY a /a\nRUN true; \\\n  true\nWORKDIR /\nWORKDIR /b\n")
	var got []string
	for _, entry := range image.Configuration.History {
		kind := "layer "
		if entry.EmptyLayer {
			kind = "empty "
		}
		got = append(got, kind+entry.CreatedBy)
		if entry.Created.Unix() != 1700000000 {
			t.Errorf("%s: created %s", entry.CreatedBy, entry.Created)
		}
	}
	text, _ := json.Marshal(got)
	want := `["empty MAINTAINER me","layer COPY a /a","empty RUN true;   true","empty WORKDIR /","layer WORKDIR /b"]`
	if string(text) != want || len(image.DiffIDs) != 2 {
		t.Errorf("got  %s (%d layers)\nwant %s", text, len(image.DiffIDs), want)
	}
	if image.Configuration.Author != "me" || image.Configuration.OS != "linux" || image.Configuration.Architecture != "amd64" {
		t.Errorf("got %+v", image.Configuration)
	}
}

func TestPortsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "x", "80/icmp", "90-80", "70000", "1-", "-1"} {
		if ports, err := parsePorts(text); err == nil {
			t.Errorf("%q: %q", text, ports)
		}
	}
}

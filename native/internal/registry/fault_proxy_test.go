package registry

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// distribution is the registry of Debian on a loopback port, with its own data.
type distribution struct {
	t       testing.TB
	address string
	config  string
	command *exec.Cmd
}

func newDistribution(t testing.TB) *distribution {
	t.Helper()
	directory := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d := &distribution{t: t, address: listener.Addr().String(), config: filepath.Join(directory, "config.yml")}
	must(t, listener.Close())
	config := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"+
		"storage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: %q}\n", directory, d.address)
	must(t, os.WriteFile(d.config, []byte(config), 0o600))
	d.start()
	t.Cleanup(d.stop)
	return d
}

func (d *distribution) start() {
	d.t.Helper()
	d.command = exec.Command("docker-registry", "serve", d.config)
	must(d.t, d.command.Start())
	for range 1000 {
		if response, err := http.Get("http://" + d.address + "/v2/"); err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.t.Fatal("the registry does not answer")
}

func (d *distribution) stop() { _ = d.command.Process.Kill(); _ = d.command.Wait() }

// has asks the registry itself, past every front.
func (d *distribution) has(path string) bool {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodHead, "http://"+d.address+"/v2/"+path, nil)
	must(d.t, err)
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json")
	response, err := http.DefaultClient.Do(request)
	must(d.t, err)
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// front stands before a registry and does wrong what it is told to.
type front struct {
	address string
	// received is what clients have sent, bodies and headers.
	received atomic.Int64
	// cutAfter cuts connections after so many bytes; 0: never. Each has its own count, or all one where together.
	cutAfter int64
	together bool
	// handle may answer itself.
	handle  func(w http.ResponseWriter, r *http.Request) bool
	forward *httputil.ReverseProxy

	mu    sync.Mutex
	seen  []string
	count atomic.Int64
	cuts  atomic.Int64
	// perSecond limits what a connection brings; 0: no limit.
	perSecond int
}

func newFront(t testing.TB, behind *distribution, change func(*front)) *front {
	t.Helper()
	target, err := url.Parse("http://" + behind.address)
	must(t, err)
	f := &front{forward: httputil.NewSingleHostReverseProxy(target)}
	f.forward.ErrorLog, f.forward.FlushInterval = silent(), -1
	f.forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	if change != nil {
		change(f)
	}
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = silent()
	server.Listener = &cutting{server.Listener, f}
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	f.address = strings.TrimPrefix(server.URL, "http://")
	return f
}

// ServeHTTP notes the request, then does what is to be done.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.RequestURI())
	f.mu.Unlock()
	if f.handle == nil || !f.handle(w, r) {
		f.forward.ServeHTTP(w, r)
	}
}

// asked counts the requests of a method whose address holds a text.
func (f *front) asked(method, text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	count := 0
	for _, one := range f.seen {
		if strings.HasPrefix(one, method+" ") && strings.Contains(one, text) {
			count++
		}
	}
	return count
}

type cutting struct {
	net.Listener
	front *front
}

// Accept gives a connection that the front may cut.
func (c *cutting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &cuttable{Conn: conn, front: c.front}, nil
}

type cuttable struct {
	net.Conn
	front *front
	count atomic.Int64
}

// Read brings what the client sends, until the cut.
func (c *cuttable) Read(data []byte) (int, error) {
	f := c.front
	count := &c.count
	if f.together {
		count = &f.count
	}
	if f.cutAfter > 0 {
		left := f.cutAfter - count.Load()
		if left <= 0 {
			count.Store(0)
			f.cuts.Add(1)
			c.Conn.Close()
			return 0, io.ErrUnexpectedEOF
		}
		data = data[:min(int64(len(data)), left)]
	}
	if f.perSecond > 0 && c.count.Load() > 4096 {
		data = data[:min(len(data), f.perSecond/40)]
		time.Sleep(25 * time.Millisecond)
	}
	n, err := c.Conn.Read(data)
	if f.perSecond > 0 && !f.together && f.cutAfter == 0 {
		c.count.Add(int64(n))
	}
	if f.cutAfter > 0 {
		count.Add(int64(n))
	}
	f.received.Add(int64(n))
	return n, err
}

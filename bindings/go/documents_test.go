package mirra_test

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirra.org/mirra"
)

// goRun gives a command that was built of a file or folder of this module.
func goRun(t *testing.T, source string, arguments ...string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exec.Command(program, arguments...)
}

func writePicture(t *testing.T, path string, width, height int) {
	t.Helper()
	if err := mirra.WriteImage(path, noisy(width, height), nil); err != nil {
		t.Fatal(err)
	}
}

func TestTheReadmesExampleRuns(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```go\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("README.md has no example")
	}
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(example), 0o666); err != nil {
		t.Fatal(err)
	}
	command := goRun(t, source)
	command.Dir = t.TempDir()
	writePicture(t, filepath.Join(command.Dir, "photo.png"), 40, 30)
	if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("noise level ")) {
		t.Fatalf("%v\n%s", err, out)
	}
	clean, err := mirra.ReadPicture(filepath.Join(command.Dir, "clean.png"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := clean.Info(); err != nil || info.Width != 40 || info.Height != 30 {
		t.Errorf("%+v %v", info, err)
	}
}

func TestDenoiseFolder(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "clean")
	writePicture(t, filepath.Join(from, "a.png"), 40, 30)
	writePicture(t, filepath.Join(from, "b.JPG"), 30, 40)
	if err := os.WriteFile(filepath.Join(from, "broken.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	command := goRun(t, "./examples/denoise-folder", "-quality", "fast", from, to)
	out, err := command.CombinedOutput()
	if command.ProcessState.ExitCode() != 1 || !bytes.Contains(out, []byte("[1/3] a.png 100 %")) ||
		!bytes.Contains(out, []byte("broken.png")) {
		t.Errorf("%v\n%s", err, out)
	}
	for _, name := range []string{"a.png", "b.JPG"} {
		if _, err := mirra.ReadPicture(filepath.Join(to, name), nil); err != nil {
			t.Error(err)
		}
	}
}

func TestDenoiseFolderStopsAtCtrlC(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	writePicture(t, filepath.Join(from, "large.png"), 4000, 3000)
	command := goRun(t, "./examples/denoise-folder", "-quality", "best", from, to)
	progress, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 256)
	if _, err := progress.Read(text); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = progress.Read(text)
	}
	_ = command.Wait()
	if code, took := command.ProcessState.ExitCode(), time.Since(began); code != 130 || took > 5*time.Second {
		t.Errorf("exit code %d after %v", code, took)
	}
	if left, err := os.ReadDir(to); err != nil || len(left) != 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func TestEverythingIsDocumented(t *testing.T) {
	files := token.NewFileSet()
	var sources []*ast.File
	names, _ := filepath.Glob("*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, file)
	}
	p, err := doc.NewFromFiles(files, sources, "mirra.org/mirra")
	if err != nil {
		t.Fatal(err)
	}
	said := func(name, text string) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no comment", name)
		}
	}
	said("the package", p.Doc)
	for _, f := range p.Funcs {
		said(f.Name, f.Doc)
	}
	for _, kind := range p.Types {
		said(kind.Name, kind.Doc)
		for _, f := range append(kind.Funcs, kind.Methods...) {
			said(kind.Name+"."+f.Name, f.Doc)
		}
	}
}
